package demo

import "afield/api/gen"

// Stories about a library's own shelves, its local system and its region.

func ownShelf(t *teller) {
	b := bookOf("own")
	staff := t.staff("westport")
	reader := t.patron("westport", 1)

	t.day(1, "10:00", staff)
	request, err := reader.submit(b, reader)
	t.must(err)
	request.is("requested")
	t.check("how it is filled", request.Fulfilment, "hold")
	t.check("whose copy", request.Lender.Name, staff.library.name)

	t.day(1, "11:30", staff)
	staff.scans(barcodeOf("westport", b), "captured")
	request.is("on_hold_shelf")
	t.check("pick-up-by", request.PickUpBy, t.date(11))
	request.called(staff, "arrived")

	t.day(3, "15:00", staff)
	due := request.lent(staff, barcodeOf("westport", b))
	t.check("due date", due, t.date(24))
	t.day(21, "12:00", staff)
	staff.scans(barcodeOf("westport", b), "checked_in")
	request.is("completed")
	t.owes(reader, 0)
}

func localSystem(t *teller) {
	b := bookOf("local")
	staff, neighbour := t.staff("westport"), t.staff("plattsburgh")
	reader := t.patron("westport", 2)

	t.day(1, "10:30", staff)
	request, err := reader.submit(b, reader)
	t.must(err)
	request.is("requested")
	t.check("how it is filled", request.Fulfilment, "hold")
	t.check("whose copy", request.Lender.Name, neighbour.library.name)

	t.day(2, "09:30", neighbour)
	neighbour.scans(barcodeOf("plattsburgh", b), "captured")
	request.is("shipped")
	t.day(4, "10:15", staff)
	staff.scans(barcodeOf("plattsburgh", b), "shelved")
	request.is("on_hold_shelf")
	t.check("pick-up-by", request.PickUpBy, t.date(14))
	request.called(staff, "arrived")

	t.day(7, "16:00", staff)
	request.lent(staff, barcodeOf("plattsburgh", b))
	t.day(18, "11:00", staff)
	staff.scans(barcodeOf("plattsburgh", b), "checked_in")
	request.is("completed")
	t.day(21, "09:30", neighbour)
	neighbour.scans(barcodeOf("plattsburgh", b), "checked_in")
	t.owes(reader, 0)
}

func regionalNetwork(t *teller) {
	b := bookOf("regional")
	staff, refusing, lendingOne := t.staff("westport"), t.staff("massena"), t.staff("potsdam")
	reader := t.patron("westport", 3)
	silent := t.stage.partners["still-pond"]

	t.day(1, "12:00", staff)
	request, err := staff.submit(b, reader)
	t.must(err)
	request.is("requested")
	request.lenderIs("massena", "asked")

	t.day(2, "10:00", refusing)
	asked := t.askedOf(refusing, b)
	asked.do("answer_no", map[string]string{"reason": "not_on_shelf"})
	asked.is("unfilled")
	request.is("requested")
	request.lenderIs("massena", "refused")
	request.lenderIs("still-pond", "asked")
	t.check("asks that reached the silent lender", len(silent.Requests(b.title)), 1)

	t.day(9, "09:45", lendingOne)
	timedOut := request.lenderIs("still-pond", "timed_out")
	t.check("days the silent lender was given", timedOut.DaysToRespond, 4)
	cancelled := 0
	for _, message := range silent.Acted(timedOut.ID.String()) {
		if message.Kind == "cancel" {
			cancelled++
		}
	}
	t.check("cancels sent to the silent lender", cancelled, 1)
	request.lenderIs("potsdam", "asked")
	supplying := t.askedOf(lendingOne, b)
	supplying.do("answer_yes", nil)
	supplying.is("to_pull")
	request.is("will_supply")
	t.day(9, "14:00", lendingOne)
	lendingOne.scans(barcodeOf("potsdam", b), "pulled")
	lendingOne.scans(barcodeOf("potsdam", b), "shipped")
	supplying.is("shipped")
	request.is("shipped")
	lenderDue := t.date(9 + 28)
	t.check("the lender's due date", request.LenderDueOn, lenderDue)

	t.day(14, "10:00", staff)
	request.arrives(staff)
	request.shelved(staff)
	request.called(staff, "arrived")
	supplying.is("with_borrowing_library")
	t.day(16, "15:30", staff)
	t.check("due date", request.lent(staff, request.band()), lenderDue)
	t.day(30, "12:00", staff)
	request.comesBack(staff)
	t.day(31, "10:00", staff)
	request.goesHome(staff)
	request.is("return_shipped")
	t.day(35, "10:00", lendingOne)
	lendingOne.scans(barcodeOf("potsdam", b), "returned_home")
	supplying.is("completed")
	request.is("completed")
	t.owes(reader, 0)
}

func notPickedUp(t *teller) {
	b := bookOf("unclaimed")
	staff, owner := t.staff("westport"), t.staff("champlain")
	reader := t.patron("westport", 4)

	t.day(1, "13:00", staff)
	request, err := reader.submit(b, reader)
	t.must(err)
	request.is("requested")
	request.lenderIs("champlain", "asked")
	t.day(2, "10:30", owner)
	supplying := t.askedOf(owner, b)
	supplying.do("answer_yes", nil)
	owner.scans(barcodeOf("champlain", b), "pulled")
	owner.scans(barcodeOf("champlain", b), "shipped")

	t.day(8, "10:20", staff)
	request.arrives(staff)
	shelvedOn, last := t.date(8), request.shelved(staff)
	t.check("days on the hold shelf", last.DaysSince(shelvedOn), 10)
	request.called(staff, "arrived")
	t.onDate(last, "16:55", staff)
	request.is("on_hold_shelf")
	t.onDate(last.AddDays(1), "10:00", staff)
	request.is("return_due")
	request.called(staff, "expired")
	expired := request.eventOn("shelf_expired")
	t.check("the day the shelf time ended", expired, last)

	request.goesHome(staff)
	request.is("return_shipped")
	t.onDate(last.AddDays(4), "11:00", owner)
	owner.scans(barcodeOf("champlain", b), "returned_home")
	supplying.is("completed")
	request.is("completed")
	t.check("what a scan at the owner's finds", owner.scans(barcodeOf("champlain", b), "nothing").Did, "nothing")
	t.owes(reader, 0)
}

func firstCome(t *teller) {
	b := bookOf("first")
	staff := t.staff("westport")
	first, second := t.patron("westport", 5), t.patron("westport", 6)

	t.day(1, "10:00", staff)
	request, err := first.submit(b, first)
	t.must(err)
	request.is("requested")
	t.day(1, "10:05", staff)
	var hold gen.Hold
	t.must(second.post("/v1/holds", gen.NewHold{TitleID: request.TitleID}, &hold))
	t.say(second, "joins the queue for %q, five minutes later.", b.title)

	t.day(1, "15:00", staff)
	caught := staff.scans(barcodeOf("westport", b), "captured")
	t.check("whose request the one copy is given", caught.RequestID, request.ID)
	request.is("on_hold_shelf")
	_, err = staff.scan(barcodeOf("westport", b), second.person.card())
	t.because(t.refused(err, "may_not_check_out"), "held_for_other")
	t.say(staff, "cannot lend it to the second: it waits for the first.")
	t.day(2, "10:00", staff)
	request.lent(staff, barcodeOf("westport", b))
	t.day(12, "10:00", staff)
	back := staff.scans(barcodeOf("westport", b), "checked_in")
	request.is("completed")
	t.check("whose hold the copy is given next", back.HoldID, hold.ID)
	t.say(staff, "puts it on the hold shelf for the second, until %s.", back.PickUpBy)
	t.day(14, "10:00", staff)
	lent, err := staff.scan(barcodeOf("westport", b), second.person.card())
	t.must(err)
	t.check("what the scan at check-out did", lent.Did, "checked_out")
	t.day(21, "10:30", staff)
	staff.scans(barcodeOf("westport", b), "checked_in")
}
