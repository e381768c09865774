package demo

import (
	"time"

	"afield/api/gen"
	"afield/broker"
	"afield/connectors"
	"afield/connectors/conntest"
)

// Stories about the libraries' own rules: renewal windows, limits, money owed.

func renewals(t *teller) {
	inTime, tooLate := bookOf("renewed"), bookOf("renewed-late")
	staff := t.staff("western-district")
	prompt, late := t.patron("western-district", 2), t.patron("western-district", 3)
	due := renewalDue(t.stage.today)
	longer := due.AddDays(21)
	for _, b := range []book{inTime, tooLate} {
		t.stage.partners["tall-grass"].Use(conntest.Plan{Title: b.title, On: map[connectors.Kind][]conntest.Say{
			connectors.KindRequest: {conntest.WillSupply(), {Kind: connectors.KindLoaned, Due: due}},
			connectors.KindRenew:   {{Kind: connectors.KindRenewAnswer, Yes: new(true), Due: longer}},
		}}.Once()) // who asks for it afterwards, on the pages, is lent it from that day on
	}

	t.onDate(due.AddDays(-19), "10:00", staff)
	first, err := prompt.submit(inTime, prompt)
	t.must(err)
	second, err := late.submit(tooLate, late)
	t.must(err)
	first.is("shipped")
	second.is("shipped")
	arrival := openDay(due.AddDays(-15))
	t.onDate(arrival, "10:00", staff)
	first.arrives(staff)
	second.arrives(staff)
	first.shelved(staff)
	second.shelved(staff)
	t.onDate(openDay(arrival.AddDays(1)), "15:00", staff)
	t.check("due date", first.lent(staff, first.band()), due)
	t.check("due date", second.lent(staff, second.band()), due)

	latest := due.AddDays(-3) // due 8/22, asked by 8/19
	t.onDate(latest, "16:00", staff)
	t.must(first.do(prompt, "renew", nil))
	first.look()
	t.check("renewals", first.Renewals, 1)
	t.check("the lender's new due date", first.LenderDueOn, longer)
	t.check("the patron's new due date", first.PatronDueOn, longer)
	t.say(staff, "sees the renewal asked on %s granted until %s.", latest, longer)

	t.onDate(latest.AddDays(1), "09:00", staff)
	err = second.do(late, "renew", nil)
	said := t.refused(err, "renewal_refused")
	t.because(said, "renewal_window_passed")
	t.check("the latest date is named", containsText(said.Detail, latest.String()), true)
	t.say(late, "asks to renew and is refused: %s", said.Detail)
	second.look()
	t.check("renewals", second.Renewals, 0)

	t.onDate(due, "12:00", staff)
	second.comesBack(staff)
	second.goesHome(staff)
	second.is("completed")
	t.onDate(openDay(longer.AddDays(-2)), "12:00", staff)
	first.comesBack(staff)
	first.goesHome(staff)
	first.is("completed")
	t.owes(prompt, 0)
	t.owes(late, 0)
}

// openDay is a date, or the Monday after it when it is a Sunday.
func openDay(date broker.Date) broker.Date {
	if date.Weekday() == time.Sunday {
		return date.AddDays(1)
	}
	return date
}

func fourthRequest(t *teller) {
	staff := t.staff("westchester")
	reader := t.patron("westchester", 2)
	t.day(1, "12:00", staff)
	var open []*asked
	for _, key := range []string{"fourth-1", "fourth-2", "fourth-3"} {
		request, err := reader.submit(bookOf(key), reader)
		t.must(err)
		request.is("requested")
		open = append(open, request)
	}
	_, err := reader.submit(bookOf("fourth-4"), reader)
	said := t.refused(err, "request_refused")
	reason := t.because(said, "ill_limit_reached")
	t.check("active requests found", reason.Found, "3 active requests")
	t.say(reader, "asks for a fourth and is refused: %s (%s)", reason.Message, reason.Clause.Says)

	t.day(2, "12:00", staff)
	t.must(open[0].do(reader, "cancel", map[string]string{"reason": "found it elsewhere"}))
	open[0].is("cancelled")
	fourth, err := reader.submit(bookOf("fourth-4"), reader)
	t.must(err)
	fourth.is("requested")
	t.say(reader, "cancels one, and the fourth is accepted.")
	t.day(2, "15:00", staff)
	for _, request := range append(open[1:], fourth) {
		t.must(request.do(reader, "cancel", nil))
		request.is("cancelled")
	}
	t.owes(reader, 0)
}

func fiveDollars(t *teller) {
	inBook, ilBook := bookOf("five-dollars-in"), bookOf("five-dollars-il")
	strict, mild := t.staff("westchester"), t.staff("western-district")
	there, here := t.patron("westchester", 3), t.patron("western-district", 4)

	t.day(1, "14:00", strict)
	t.owes(there, 500)
	_, err := there.submit(inBook, there)
	said := t.refused(err, "request_refused")
	reason := t.because(said, "owes_too_much")
	t.say(there, "owes exactly 5.00 and is refused: %s needed %s, found %s.", reason.Message, reason.Needed, reason.Found)
	t.day(1, "14:30", mild)
	t.owes(here, 500)
	request, err := here.submit(ilBook, here)
	t.must(err)
	request.is("shipped")
	t.say(here, "owes exactly 5.00 too and is served.")

	t.day(2, "10:00", strict)
	t.pays(there, 1)
	t.owes(there, 499)
	allowed, err := there.submit(inBook, there)
	t.must(err)
	allowed.is("requested")
	t.must(allowed.do(there, "cancel", nil))
	allowed.is("cancelled")

	t.day(8, "10:00", mild)
	request.arrives(mild)
	request.shelved(mild)
	t.day(9, "16:00", mild)
	request.lent(mild, request.band())
	t.owes(here, 500)
	t.day(21, "10:00", mild)
	request.comesBack(mild)
	request.goesHome(mild)
	request.is("completed")
}

// eventOn is the date, at the library, on which an event first happened.
func (r *asked) eventOn(event string) broker.Date {
	t := r.by.t
	var page gen.EventPage
	t.staff(r.by.library.key).get("/v1/requests/"+r.ID.String()+"/timeline?limit=200", &page)
	for _, one := range page.Events {
		if one.Event == event {
			return broker.DateIn(one.At, r.by.zone)
		}
	}
	t.fail("request %d has no event %q", r.Number, event)
	return broker.Date{}
}

// count tells how often an event happened.
func (r *asked) count(event, lender string) int {
	t := r.by.t
	library := t.id(lender)
	var page gen.EventPage
	t.staff(r.by.library.key).get("/v1/requests/"+r.ID.String()+"/timeline?limit=200", &page)
	count := 0
	for _, one := range page.Events {
		if one.Event == event && one.Actor.ID == library {
			count++
		}
	}
	return count
}

func (r *asked) hasTask(kind string) bool {
	for _, task := range r.look().Tasks {
		if task.Kind == kind {
			return true
		}
	}
	return false
}
