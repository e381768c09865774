package frame

import (
	"html/template"
	"strings"
)

// icons are the drawings of the pages, 16 by 16. The shapes of states say who acts:
// diamond us, half disc the lender, ringed dot the patron, dashed ring Afield,
// arrow travelling, bookmark stands here, tick done, barred ring ended or refused.
var icons = map[string]string{
	"find":     `<circle cx="7" cy="7" r="4.7"/><path d="m10.5 10.5 4 4"/>`,
	"person":   `<circle cx="8" cy="5" r="3"/><path d="M2.5 14.5c.5-3.3 2.6-5 5.5-5s5 1.7 5.5 5"/>`,
	"scan":     `<path d="M1.5 4.5V3a1.5 1.5 0 0 1 1.5-1.5h1.5M11.5 1.5H13A1.5 1.5 0 0 1 14.5 3v1.5M14.5 11.5V13a1.5 1.5 0 0 1-1.5 1.5h-1.5M4.5 14.5H3A1.5 1.5 0 0 1 1.5 13v-1.5M4.5 5v6M7 5v6M9 5v6M11.5 5v6"/>`,
	"shelf":    `<path d="M1.5 14h13M3 14V3h2.5v11M5.5 14V5.5H8V14M9 13.7 11 4l2.4.5-2 9.5"/>`,
	"list":     `<path d="M5.5 3.5h9M5.5 8h9M5.5 12.5h9M1.8 3.5h.1M1.8 8h.1M1.8 12.5h.1"/>`,
	"phone":    `<path d="M3 1.8h2.6l1.3 3.4-1.7 1.2a8 8 0 0 0 4.4 4.4l1.2-1.7 3.4 1.3V13a1.5 1.5 0 0 1-1.6 1.5A12 12 0 0 1 1.5 3.4 1.5 1.5 0 0 1 3 1.8z"/>`,
	"till":     `<path d="M1.5 4h13v9.5h-13zM1.5 7h13"/><path d="M4 10.5h3"/>`,
	"inbox":    `<path d="M1.5 9 3.5 2.5h9l2 6.5v4.5h-13zM1.5 9h4c.3 1.3 1.2 2 2.5 2s2.2-.7 2.5-2h4"/>`,
	"truck":    `<path d="M1.5 5.5h9v6.5h-9zM10.5 7.5h2.5l1.5 2v2.5h-4"/><circle cx="4.5" cy="12.5" r="1.3"/><circle cx="11.5" cy="12.5" r="1.3"/>`,
	"plus":     `<path d="M8 2.5v11M2.5 8h11"/>`,
	"book":     `<path d="M8 3.5C6.3 2.3 4 2 1.5 2.3v10.4C4 12.4 6.3 12.7 8 14c1.7-1.3 4-1.6 6.5-1.3V2.3C12 2 9.7 2.3 8 3.5zM8 3.5V14"/>`,
	"calendar": `<path d="M2 3.5h12v11H2zM2 7h12M5 1.5v3.5M11 1.5v3.5"/>`,
	"scales":   `<path d="M8 1.5v13M3.5 14.5h9M3 4h10M3 4 1.2 9h3.6zM13 4l-1.8 5h3.6z"/>`,
	"chart":    `<path d="M1.5 14.5h13M3.5 14V9M7 14V5M10.5 14V7M14 14V2.5"/>`,
	"partners": `<circle cx="3" cy="8" r="1.7"/><circle cx="13" cy="3.5" r="1.7"/><circle cx="13" cy="12.5" r="1.7"/><path d="M4.6 7.3 11.4 4.2M4.6 8.7l6.8 3.1"/>`,
	"library":  `<path d="M2 7.5 8 2l6 5.5M3.5 6.5V14h9V6.5"/>`,
	"key":      `<circle cx="5" cy="11" r="3.2"/><path d="m7.3 8.7 6.2-6.2M11 5l2.5 2.5"/>`,
	"gear":     `<circle cx="8" cy="8" r="2.2"/><path d="M8 1.5v2.3M8 12.2v2.3M1.5 8h2.3M12.2 8h2.3M3.4 3.4 5 5M11 11l1.6 1.6M12.6 3.4 11 5M5 11l-1.6 1.6"/>`,
	"tick":     `<path d="m2.5 8.5 3.7 3.7 7.3-8.4"/>`,
	"cross":    `<path d="m3.5 3.5 9 9M12.5 3.5l-9 9"/>`,
	"stop":     `<circle cx="8" cy="8" r="5.7"/><path d="M4.5 8h7"/>`,
	"done":     `<path d="m2.5 8.5 3.7 3.7 7.3-8.4" stroke-width="2.2"/>`,
	"undo":     `<path d="M5.5 2.5 2.5 5.5l3 3"/><path d="M2.8 5.5h6.7a4 4 0 0 1 0 8H6"/>`,
	"patron":   `<circle cx="8" cy="8" r="5.7"/><circle class="f" cx="8" cy="8" r="2.3"/>`,
	"move":     `<path class="f" d="M2 6.3h6V3l6.5 5L8 13V9.7H2z"/>`,
	"here":     `<path class="f" d="M3.5 1.5h9v13L8 11.3l-4.5 3.2z"/>`,
	"us":       `<path class="f" d="M8 1.5 14.5 8 8 14.5 1.5 8z"/>`,
	"lender":   `<circle cx="8" cy="8" r="5.7"/><path class="f" d="M8 2.3a5.7 5.7 0 0 1 0 11.4z"/>`,
	"print":    `<path d="M4.5 6V1.8h7V6M4.5 11.5H2V6.2h12v5.3h-2.5"/><path d="M4.5 9.5h7v4.7h-7z"/>`,
	"clock":    `<circle cx="8" cy="8" r="6.2"/><path d="M8 4.5V8l2.5 1.5"/>`,
	"down":     `<path d="M8 2v9M4 7.5 8 11.5l4-4M2.5 14.5h11"/>`,
	"warn":     `<path d="M8 1.8 14.8 14H1.2z"/><path d="M8 6v4M8 12v.1"/>`,
	"system":   `<circle cx="8" cy="8" r="5.7" stroke-dasharray="2.4 2.1"/>`,
	"up":       `<path d="M8 13.5V3M4 7l4-4 4 4"/>`,
	"receipt":  `<path d="M3 1.8h10v12.4H3zM5.5 5h5M5.5 8h5M5.5 11h3"/>`,
	"info":     `<circle cx="8" cy="8" r="6.3"/><path d="M8 7.2v4M8 4.8v.1"/>`,
}

// icon draws one of them; one that is not drawn is a mistake of the template.
func icon(name string) template.HTML {
	drawing, known := icons[name]
	if !known {
		panic("frame: there is no icon " + name)
	}
	return template.HTML(`<svg class="i" viewBox="0 0 16 16" aria-hidden="true">` + drawing + `</svg>`)
}

// reach draws how far we looked, in four steps: own shelves, local system, region,
// further.
func reach(steps int) template.HTML {
	var out strings.Builder
	out.WriteString(`<svg class="i reach" viewBox="0 0 30 10" aria-hidden="true"><path d="M3 5h23"/>`)
	for i, x := range []string{"3", "8.5", "16", "26"} {
		class, radius := "off", "2.3"
		if i < steps {
			class, radius = "f", "3"
		}
		out.WriteString(`<circle class="` + class + `" cx="` + x + `" cy="5" r="` + radius + `"/>`)
	}
	out.WriteString(`</svg>`)
	return template.HTML(out.String())
}
