package demo

import (
	"net/http"

	"afield/api/gen"
	"afield/broker"
	"afield/connectors"
	"afield/connectors/conntest"
)

// Stories about lenders out of state, what they charge and how they misbehave.

const exactFee = 1250 // 12.50: what Green Mountain charges

func outOfState(t *teller) {
	b := bookOf("fee")
	staff := t.staff("westchester")
	reader := t.patron("westchester", 1)
	fee := broker.Money{Minor: exactFee, Currency: "USD"}

	t.day(1, "10:00", staff)
	var outlook gen.Preview
	t.must(staff.post("/v1/requests/preview", gen.NewRequest{Card: reader.person.card(), Citation: b.citation()}, &outlook))
	t.check("the cost shown before asking", outlook.LikelyCost, fee)
	t.say(staff, "shows the likely cost before asking: %s from %s.", outlook.LikelyCost, outlook.LikelyLender.Name)
	request, err := staff.submit(b, reader)
	t.must(err)
	request.is("awaiting_cost_approval")
	entry := request.entry("green-mountain")
	t.check("what would be passed on", entry.PatronCost, fee)
	t.check("asks that reached the lender before approval", len(t.stage.partners["green-mountain"].Requests(b.title)), 0)
	request.called(staff, "cost_approval")

	t.day(2, "18:30", staff)
	t.must(request.do(reader, "approve_cost", nil))
	request.is("shipped")
	t.check("the approved cost", request.ApprovedCost, fee)
	t.check("the lender's due date", request.LenderDueOn, t.date(2+28))

	t.day(9, "10:00", staff)
	request.arrives(staff)
	t.owes(reader, exactFee)
	request.shelved(staff)
	request.called(staff, "arrived")
	t.day(10, "16:00", staff)
	_, err = staff.scan(request.band(), reader.person.card())
	refusedAt := t.refused(err, "may_not_check_out")
	t.say(staff, "may not lend it yet: %s", refusedAt.Reasons[0].Message)
	t.pays(reader, exactFee)
	t.owes(reader, 0)
	t.check("due date", request.lent(staff, request.band()), t.date(2+28))
	t.day(25, "11:00", staff)
	request.comesBack(staff)
	t.day(26, "10:00", staff)
	request.goesHome(staff)
	request.is("completed")

	account := t.owes(reader, 0)
	t.check("entries of the account", len(account.Entries), 2)
	charged := account.Entries[len(account.Entries)-1]
	t.check("what was charged for", charged.ChargeKind, "ill_fee")
	t.check("what was charged, to the cent", charged.Amount, fee)
}

func feeDeclined(t *teller) {
	b := bookOf("declined")
	staff := t.staff("western-district")
	reader := t.patron("western-district", 1)

	t.day(1, "11:00", staff)
	request, err := reader.submit(b, reader)
	t.must(err)
	request.is("awaiting_cost_approval")
	request.lenderIs("high-surf", "passed_over")
	t.day(3, "19:00", staff)
	t.must(request.do(reader, "decline_cost", nil))
	request.is("needs_review")
	t.check("asks that reached the lender", len(t.stage.partners["green-mountain"].Requests(b.title)), 0)
	t.day(4, "10:00", staff)
	t.must(request.do(staff, "tell_patron", map[string]string{"reason": "only for a fee"}))
	request.is("unfilled")
	account := t.owes(reader, 0)
	t.check("entries of the account", len(account.Entries), 0)
}

func conditionAccepted(t *teller) {
	b := bookOf("condition")
	staff := t.staff("dover")
	reader := t.patron("dover", 1)
	const condition = "Use in the library only"
	t.stage.partners["slow-river"].Use(conntest.Conditions(condition, nil, 28).For(b.title).
		WithTrouble(connectors.KindRequest, conntest.Trouble{Fault: conntest.Slow}).
		WithTrouble(connectors.KindAcceptConditions, conntest.Trouble{Fault: conntest.LostAnswer}))

	t.day(1, "10:00", staff)
	_, err := reader.submit(b, reader)
	said := t.refused(err, "request_refused")
	t.because(said, "channel_not_open")
	t.say(reader, "asks online and is told to ask the staff: here only they submit.")
	request, err := staff.submit(b, reader)
	t.must(err)
	request.is("conditional")
	entry := request.lenderIs("slow-river", "conditional")
	t.check("the lender's condition", entry.Conditions, condition)

	t.day(2, "11:00", staff)
	t.must(request.do(staff, "accept_conditions", nil))
	t.day(2, "12:00", staff) // the acknowledgement was lost; the same message was sent again
	request.is("shipped")
	t.day(9, "10:00", staff)
	request.arrives(staff)
	request.shelved(staff)
	t.day(10, "14:00", staff)
	request.lent(staff, request.band())
	t.day(10, "17:00", staff)
	request.comesBack(staff)
	t.day(11, "10:00", staff)
	request.goesHome(staff)
	request.is("completed")
	t.owes(reader, 0)
}

func crossedCancel(t *teller) {
	b := bookOf("crossed")
	staff := t.staff("westport")
	reader := t.patron("westport", 7)
	t.stage.partners["slow-river"].Use(conntest.Promises().For(b.title).Then(connectors.KindCancel, conntest.Loaned(28, nil), conntest.AnswersCancel(false)))

	t.day(1, "14:00", staff)
	request, err := reader.submit(b, reader)
	t.must(err)
	request.is("will_supply")
	t.day(3, "20:00", staff)
	t.must(request.do(reader, "cancel", map[string]string{"reason": "no longer needed"}))
	request.is("shipped")
	t.check("marked to go back unused", request.Flags.ReturnUnused, true)

	t.day(10, "10:40", staff)
	request.arrives(staff)
	request.is("return_due")
	request.notCalled(staff, "arrived")
	t.day(11, "10:40", staff)
	request.goesHome(staff)
	request.is("completed")
	account := t.owes(reader, 0)
	t.check("entries of the account", len(account.Entries), 0)
}

func deadForADay(t *teller) {
	b, other := bookOf("dead"), bookOf("meanwhile")
	staff := t.staff("westport")
	reader, second := t.patron("westport", 8), t.patron("westport", 9)
	lender := t.stage.partners["long-night"]

	t.day(3, "10:00", staff)
	t.must(lender.Die())
	t.narrate("long-night", "its system goes down.")
	request, err := reader.submit(b, reader)
	t.must(err)
	request.is("requested")
	request.lenderIs("long-night", "asked")
	meanwhile, err := second.submit(other, second)
	t.must(err)
	meanwhile.is("shipped") // by another partner, in the same minute
	t.check("asks that reached the dead lender", len(lender.Requests(b.title)), 0)

	t.day(4, "10:30", staff)
	request.is("requested")
	t.must(lender.Revive())
	t.stage.reset(t.id("long-night"))
	t.narrate("long-night", "its system is back.")
	t.day(4, "12:00", staff)
	request.is("shipped")
	asks := lender.Requests(b.title)
	t.check("asks that reached the lender", len(asks), 1)
	var dialogue gen.MessagePage
	staff.get("/v1/requests/"+request.ID.String()+"/messages", &dialogue)
	t.check("the first message", dialogue.Messages[0].Kind, "request")
	t.check("tried more than once", dialogue.Messages[0].Tries > 1, true)
	t.check("acted on once", lender.Effects(dialogue.Messages[0].ID.String()), 1)
	t.say(staff, "sees in the message log that it was tried %d times.", dialogue.Messages[0].Tries)

	for i, one := range []*asked{request, meanwhile} {
		t.day(10, []string{"11:00", "11:10"}[i], staff)
		one.arrives(staff)
		one.shelved(staff)
	}
	for i, one := range []*asked{request, meanwhile} {
		t.day(14, []string{"12:00", "12:10"}[i], staff)
		one.lent(staff, one.band())
	}
	for i, one := range []*asked{request, meanwhile} {
		t.day(24, []string{"12:00", "12:10"}[i], staff)
		one.comesBack(staff)
		one.goesHome(staff)
		one.is("completed")
	}
	t.owes(reader, 0)
}

func liar(t *teller) {
	b := bookOf("lies")
	staff := t.staff("westport")
	reader := t.patron("westport", 10)
	yes, no := conntest.WillSupply(), conntest.Unfilled(connectors.ReasonNotOnShelf)
	yes.Twice, no.Twice, no.Replayed = true, true, true
	lender := t.stage.partners["two-tongues"]
	lender.Use(conntest.Plan{Title: b.title, On: map[connectors.Kind][]conntest.Say{connectors.KindRequest: {yes, no}}})

	t.day(2, "10:00", staff)
	request, err := staff.submit(b, reader)
	t.must(err)
	request.is("shipped")
	request.lenderIs("two-tongues", "refused")
	entry := request.lenderIs("slow-river", "supplied")
	t.check("the active lender", entry.Lender.ID, request.Rota.Now.Lender.ID)
	duplicates, replays := 0, 0
	for _, sent := range lender.Sent() {
		switch {
		case sent.Age > 0:
			replays++
			t.check("the answer to a replay of thirty days ago", sent.Status, http.StatusUnauthorized)
		case sent.Acknowledged == "duplicate":
			duplicates++
		}
	}
	t.check("messages known as duplicates", duplicates, 2)
	t.check("replays refused", replays, 1)
	t.check("times it counted as promised", request.count("will_supply", "two-tongues"), 1)

	t.day(4, "10:00", staff)
	asks := lender.Requests(b.title)
	sent, err := lender.Tell(t.ctx, asks[0], conntest.Loaned(28, nil))
	t.must(err)
	t.check("the answer to a shipment after a no", sent.Status, http.StatusOK)
	request.is("shipped")
	request.lenderIs("slow-river", "supplied")
	t.check("a task to send the second copy back", request.hasTask("late_shipment"), true)

	t.day(9, "10:00", staff)
	request.arrives(staff)
	request.shelved(staff)
	t.day(11, "12:00", staff)
	request.lent(staff, request.band())
	t.day(22, "12:00", staff)
	request.comesBack(staff)
	request.goesHome(staff)
	request.is("completed")
	t.owes(reader, 0)
}

func askedByHand(t *teller) {
	b := bookOf("by-hand")
	staff := t.staff("perth")
	reader := t.patron("perth", 1)

	t.day(1, "10:00", staff)
	request, err := reader.submit(b, reader)
	t.must(err)
	request.is("requested")
	request.lenderIs("smiths-falls", "asked")
	t.check("a task to ask by hand", request.hasTask("ask_by_hand"), true)
	t.day(2, "11:00", staff)
	t.must(request.do(staff, "will_supply", nil))
	t.day(4, "11:00", staff)
	due := t.date(4 + 21)
	t.must(request.do(staff, "loaned", map[string]any{"due": due, "barcode": "SMF-000417"}))
	request.is("shipped")
	t.day(8, "11:00", staff)
	request.arrives(staff)
	request.shelved(staff)
	t.day(9, "15:00", staff)
	t.check("due date", request.lent(staff, request.band()), due)
	t.day(22, "11:00", staff)
	request.comesBack(staff)
	request.goesHome(staff)
	request.is("return_shipped")
	t.day(26, "11:00", staff)
	t.must(request.do(staff, "lender_confirms", nil))
	request.is("completed")
	t.owes(reader, 0)
}
