package frame

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"afield/api/web/assets"
	"afield/api/web/words"
	"afield/broker"
)

//go:embed shared/*.html
var shared embed.FS

//go:embed pages/*.html
var ownFiles embed.FS

var own, _ = fs.Sub(ownFiles, "pages")

// Head is what a page tells its frame.
type Head struct {
	// Title stands in the browser's tab, before the name of the product.
	Title string
	// At is the place in the rail, for example "shelf".
	At string
	// Plain is for pages in one column: patrons, partners, sign-in.
	Plain bool
	// Desk leaves out the scan field of the top bar: the page has its own.
	Desk bool
	// Scripts are the modules the page needs beside those of every page.
	Scripts []string
	// Class is added to main.
	Class string
}

// layout is what the layout shows.
type layout struct {
	Head
	Language  string
	Theme     string
	Staff     bool
	Patron    bool
	Office    bool
	Name      string
	Place     Place
	Branch    string
	Rail      []railGroup
	Toast     *Toast
	Path      string
	Languages []*words.Words
	Style     string
	Modules   []string
	Body      any
	Now       time.Time
}

// Show answers with a page.
func (v *Visit) Show(page string, head Head, body any) error {
	return v.ShowAs(http.StatusOK, page, head, body)
}

// ShowAs is Show under another status.
func (v *Visit) ShowAs(status int, page string, head Head, body any) error {
	template := v.site.pages[v.Language][page]
	if template == nil {
		return fmt.Errorf("frame: there is no page %q", page)
	}
	shown := layout{
		Head: head, Language: v.Language, Theme: v.site.sessions.GetString(v.ctx(), keyTheme), Name: v.site.sessions.GetString(v.ctx(), keyName),
		Place: v.Place, Path: v.Request().URL.RequestURI(), Style: assets.Path("afield.css"), Body: body, Now: v.Now,
	}
	if v.Request().Method != http.MethodGet {
		shown.Path = v.Request().URL.Path
	}
	for _, code := range words.Languages() {
		if code != v.Language {
			shown.Languages = append(shown.Languages, words.In(code))
		}
	}
	shown.Staff, shown.Patron, shown.Office = v.Who.IsStaff(), v.SignedIn() && !v.Who.IsStaff(), v.Who.Office
	if shown.Staff {
		shown.Branch = v.Place.Branch(v.Who.Branch)
		shown.Modules = append([]string{"page.js", "live.js"}, head.Scripts...)
		if !head.Plain {
			shown.Rail = v.rail(head.At)
		}
	}
	for i, name := range shown.Modules {
		shown.Modules[i] = assets.Path(name)
	}
	if v.site.sessions.Exists(v.ctx(), keyToast) {
		toast := Remembered[Toast](v, keyToast)
		v.Forget(keyToast)
		shown.Toast = &toast
	}
	var out bytes.Buffer
	if err := template.Execute(&out, shown); err != nil {
		return fmt.Errorf("write the page %s: %w", page, err)
	}
	return v.HTMLBlob(status, out.Bytes())
}

// functions are what templates can call, in one language.
func functions(w *words.Words) template.FuncMap {
	return template.FuncMap{
		"t":     w.Say,
		"n":     w.Count,
		"icon":  icon,
		"reach": reach,
		"key":   func() string { return broker.NewID().String() },
		"money": func(amount broker.Money, library string) template.HTML {
			return template.HTML(`<span class="money">` + template.HTMLEscapeString(w.Money(amount, library)) + `</span>`)
		},
		"day": func(date, today broker.Date) template.HTML {
			if date.IsZero() {
				return ""
			}
			return element(date.String(), w.Full(date), w.Date(date, today))
		},
		"instant": func(at time.Time, today broker.Date) template.HTML {
			if at.IsZero() {
				return ""
			}
			date := broker.DateIn(at, at.Location())
			return element(at.UTC().Format(time.RFC3339), w.Full(date)+" "+w.Clock(at), w.Instant(at, today))
		},
		"clock":     w.Clock,
		"number":    func(n int) string { return w.Number(int64(n)) },
		"age":       w.Age,
		"join":      strings.Join,
		"role":      func(role string) string { return w.Say(role) },
		"dict":      dict,
		"add":       func(a, b int) int { return a + b },
		"methods":   func() []string { return []string{"cash", "card", "check"} },
		"shaped":    Shaped,
		"tierReach": func(position int) int { return min(position+1, 4) },
		"cond": func(yes bool, one, other any) any {
			if yes {
				return one
			}
			return other
		},
		"lower": strings.ToLower,
	}
}

func element(datetime, title, text string) template.HTML {
	return template.HTML(`<time datetime="` + template.HTMLEscapeString(datetime) + `" title="` + template.HTMLEscapeString(title) + `">` + template.HTMLEscapeString(text) + `</time>`)
}

// dict hands several values to a shared part, by name.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict takes names and values, and got %d", len(pairs))
	}
	made := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		name, is := pairs[i].(string)
		if !is {
			return nil, fmt.Errorf("dict: %v is not a name", pairs[i])
		}
		made[name] = pairs[i+1]
	}
	return made, nil
}
