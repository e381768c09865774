package demo

// openToday leaves a few requests open for a visitor to go on with.
func openToday() story {
	return story{"today", "Open today, to try out", "Three requests that wait for somebody: sign in and go on.", func(t *teller) {
		costly, here, lent := bookOf("open-cost"), bookOf("open-hold"), bookOf("open-lending")
		staff := t.staff("westport")

		payer := t.patron("westchester", 1)
		request, err := payer.submit(costly, payer)
		t.must(err)
		request.is("awaiting_cost_approval")
		t.say(payer, "may approve or decline the cost: POST /v1/requests/%s/actions/approve_cost or …/decline_cost.", request.ID)

		reader := t.patron("westport", 1)
		hold, err := reader.submit(here, reader)
		t.must(err)
		hold.is("requested")
		t.say(staff, "may fetch it from the shelf and scan it: POST /v1/desk/scan with barcode %s.", barcodeOf("westport", here))

		neighbour := t.patron("champlain", 1)
		wanted, err := neighbour.submit(lent, neighbour)
		t.must(err)
		wanted.is("requested")
		ours := t.askedOf(staff, lent)
		t.say(staff, "may answer the neighbour: POST /v1/lending/%s/actions/answer_yes.", ours.ID)
	}}
}
