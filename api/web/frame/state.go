package frame

import (
	"time"

	"afield/broker"
)

// State is where something stands, as a shape and in words. The shape says who
// acts.
type State struct {
	// Shape is the class of the style sheet, Icon the drawing.
	Shape, Icon string
	Text        string
}

// shapes are the drawings of the shapes.
var shapes = map[string]string{
	"us": "us", "lender": "lender", "patron": "patron", "system": "system", "move": "move", "here": "here", "done": "done", "stop": "stop",
}

// StateOf maps the owner and the state of a request to its shape, once for all
// pages.
func StateOf(owner, state, text string) State {
	shape := "us"
	switch state {
	case "shipped", "return_shipped":
		shape = "move"
	case "on_hold_shelf":
		shape = "here"
	case "completed":
		shape = "done"
	case "unfilled", "cancelled", "expired":
		shape = "stop"
	default:
		switch owner {
		case "lender", "borrower":
			shape = "lender"
		case "patron":
			shape = "patron"
		case "system":
			shape = "system"
		}
	}
	return Shaped(shape, text)
}

// Shaped is a state of a shape: us, lender, patron, system, move, here, done or
// stop.
func Shaped(shape, text string) State {
	drawing, known := shapes[shape]
	if !known {
		panic("frame: there is no shape " + shape)
	}
	return State{Shape: shape, Icon: drawing, Text: text}
}

// Due is a deadline as a chip: the days or the date; the full instant in its title.
type Due struct {
	Class, Text, Title string
}

// Due makes a deadline's chip: soon within two days, late when it has passed. then
// says what happens by itself.
func (v *Visit) Due(at time.Time, then string) Due {
	if at.IsZero() {
		return Due{}
	}
	at = at.In(v.Now.Location())
	date := broker.DateIn(at, at.Location())
	due := Due{Text: v.Date(date, v.Today), Title: v.Full(date) + " " + v.Clock(at)}
	if then != "" {
		due.Title += ": " + then
	}
	days := date.DaysSince(v.Today)
	switch {
	case at.Before(v.Now) && days == 0:
		due.Class, due.Text = "late", v.Say("since {time}", "time", v.Clock(at))
	case at.Before(v.Now):
		due.Class, due.Text = "late", v.Count(-days, "1 day late", "{n} days late")
	case days == 0:
		due.Class, due.Text = "soon", v.Say("today {time}", "time", v.Clock(at))
	case days <= 2:
		due.Class = "soon"
	}
	return due
}

// DueOn is the chip of a day: a due date, or a day to pick something up by.
func (v *Visit) DueOn(date broker.Date) Due {
	if date.IsZero() {
		return Due{}
	}
	due := Due{Text: v.Date(date, v.Today), Title: v.Full(date)}
	switch days := date.DaysSince(v.Today); {
	case days < 0:
		due.Class, due.Text = "late", v.Count(-days, "1 day late", "{n} days late")
	case days <= 2:
		due.Class = "soon"
	}
	return due
}
