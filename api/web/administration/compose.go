package administration

import (
	"slices"
	"strconv"
	"strings"

	"afield/api/web/frame"
	"afield/broker/consortium"
)

// typed is what the form of a part holds before anybody typed: what is in force.
func typed(library consortium.Library, what, code string) map[string]string {
	held := map[string]string{}
	number := func(name string, value *int) {
		if value != nil {
			held[name] = strconv.Itoa(*value)
		}
	}
	switch what {
	case "name":
		held["name"] = library.Name
	case "hours":
		hold(held, library.Hours)
	case "branch":
		for _, branch := range library.Branches {
			if branch.Code == code {
				held["code"], held["name"] = branch.Code, branch.Name
				hold(held, branch.Hours)
			}
		}
	case "policy":
		held["policy"] = library.Policy
	case "status":
		held["status"] = library.Status
	case "reached":
		held["url"] = library.Reached.URL
		if library.Reached.Paused != nil && *library.Reached.Paused {
			held["paused"] = "1"
		}
	case "lending":
		held["lends"], held["fee"] = "1", "0.00"
		lending := library.Lending
		if lending == nil {
			break
		}
		if lending.Lends != nil && !*lending.Lends {
			held["lends"] = ""
		}
		if lending.FreeInState != nil && *lending.FreeInState {
			held["free_in_state"] = "1"
		}
		number("days", lending.Days)
		number("renewals", lending.Renewals)
		held["fee"] = lending.Fee
		if lending.Paused != nil {
			held["from"], held["until"] = lending.Paused.From, lending.Paused.Until
		}
	case "tiers":
		for i, tier := range library.Tiers {
			at := strconv.Itoa(i)
			held["tier"+at], held["of"+at], held["group"+at], held["states"+at] = tier.Name, tier.Of, tier.Group, strings.Join(tier.States, " ")
			held["cost"+at], held["fulfilment"+at] = tier.Cost, tier.Fulfilment
			number("days"+at, tier.Days)
		}
	}
	return held
}

func hold(held map[string]string, week *consortium.Week) {
	for i, hours := range (libraryPage{}).Opening(week) {
		held[weekCodes[i]] = hours
	}
}

func weekOf(v *frame.Visit) *consortium.Week {
	day := func(code string) string { return strings.ReplaceAll(v.Field(code), " ", "") }
	return &consortium.Week{Mon: day("mon"), Tue: day("tue"), Wed: day("wed"), Thu: day("thu"), Fri: day("fri"), Sat: day("sat"), Sun: day("sun")}
}

// composed is the part of a consortium's file that a form stands for. What else it
// says, the operation checks.
func composed(v *frame.Visit, library consortium.Library, what string) (consortium.Library, error) {
	out := consortium.Library{Symbols: library.Symbols[:1]}
	read := v.Reading()
	switch what {
	case "name":
		out.Name = v.Field("name")
	case "hours":
		out.Hours = weekOf(v)
	case "branch":
		branch := consortium.Branch{Code: v.Field("code"), Name: v.Field("name")}
		if week := weekOf(v); *week != (consortium.Week{}) || hasHours(library, branch.Code) {
			branch.Hours = week
		}
		out.Branches = []consortium.Branch{branch}
	case "policy":
		out.Policy = v.Field("policy")
	case "status":
		out.Status = v.Field("status")
	case "reached":
		paused := v.Field("paused") != ""
		out.Reached = &consortium.Reached{By: library.Reached.By, URL: v.Field("url"), Paused: &paused}
	case "lending":
		lends, free := v.Field("lends") != "", v.Field("free_in_state") != ""
		out.Lending = &consortium.Lending{
			Lends: &lends, FreeInState: &free, Days: read.Number("days"), Renewals: read.Number("renewals"), Fee: strings.ReplaceAll(v.Field("fee"), ",", "."),
			Paused: &consortium.Pause{From: v.Field("from"), Until: v.Field("until")},
		}
	case "tiers":
		for i := range len(library.Tiers) + 2 {
			at := strconv.Itoa(i)
			if v.Field("tier"+at) == "" {
				continue
			}
			tier := consortium.Tier{Name: v.Field("tier" + at), Of: v.Field("of" + at), Cost: v.Field("cost" + at), Fulfilment: v.Field("fulfilment" + at), Days: read.Number("days" + at)}
			switch tier.Of {
			case "group":
				tier.Group = v.Field("group" + at)
			case "states":
				tier.States = strings.FieldsFunc(strings.ToUpper(v.Field("states"+at)), func(r rune) bool { return r == ' ' || r == ',' })
			}
			out.Tiers = append(out.Tiers, tier)
		}
	}
	return out, read.Err()
}

func hasHours(library consortium.Library, code string) bool {
	return slices.ContainsFunc(library.Branches, func(b consortium.Branch) bool {
		return b.Code == code && b.Hours != nil && *b.Hours != (consortium.Week{})
	})
}
