package exchange

import (
	"context"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
)

func chargesKind() kind {
	return kind{
		name: Charges,
		columns: []Column{
			{Name: "key", Needed: true, Says: "names the entry, so that it is never posted twice"},
			{Name: "card", Says: "the patron's card number"},
			{Name: "patron", Says: "or the patron's key"},
			{Name: "entry", Says: "charge, payment, waiver, refund, reversal, lapse"},
			{Name: "kind", Needed: true, Says: "overdue, lost, processing, ill_fee, print, card …"},
			{Name: "amount", Needed: true, Says: "12.50; what lowers the debt may have a minus"},
			{Name: "against", Says: "the key of the charge that a payment, waiver or reversal answers"},
			{Name: "date", Needed: true, Says: "2026-08-22, with a time where it is known"},
			{Name: "note"},
			{Name: "method", Says: "of a payment: cash, check, card …"},
			{Name: "rule", Says: "the policy attribute that made it"},
			{Name: "clause", Says: "as an export writes it"},
		},
		names: func(r *row) []string { return []string{"key " + r.text("key")} },
		save:  saveCharges,
	}
}

func saveCharges(ctx context.Context, tx *postgres.Tx, j *job, rows []*row) error {
	debtors, err := j.people(ctx, tx, rows, "card", "patron")
	if err != nil {
		return err
	}
	var keys []string
	for _, read := range rows {
		keys = append(keys, read.text("key"), read.text("against"))
	}
	known, err := ledger.ByKeys(ctx, tx, j.Library, keys)
	if err != nil {
		return err
	}
	entries := make([]ledger.Record, len(rows))
	here := map[string]ledger.Known{} // in this slice
	for i, read := range rows {
		entries[i] = j.entry(read, debtors)
		if read.errors == nil {
			here[read.text("key")] = ledger.Known{ID: entries[i].ID, Patron: entries[i].Patron, Kind: entries[i].Kind}
		}
	}
	var kept []ledger.Record
	var written []*row
	var ids []broker.ID
	for i, read := range rows {
		j.answers(read, &entries[i], known, here)
		if _, posted := known[read.text("key")]; posted || read.errors != nil {
			continue
		}
		kept, written, ids = append(kept, entries[i]), append(written, read), append(ids, entries[i].ID)
	}
	saved, err := ledger.Bring(ctx, tx, kept)
	settle(written, ids, saved)
	return err
}

func (j *job) entry(read *row, debtors people) ledger.Record {
	holder, found := debtors.borrower(j, read)
	if found && holder.Library != j.Library {
		read.wrong("card", "belongs to another library's patron, whose debts stand there")
	}
	entry := ledger.Record{
		Library: j.Library, ID: broker.NewID(), Patron: holder.ID, ChargeKind: read.needed("kind"), Currency: j.library.Currency,
		Kind: ledger.Kind(read.oneOf("entry", "charge", "payment", "waiver", "refund", "reversal", "lapse")),
		Rule: read.text("rule"), Note: read.text("note"), Method: read.text("method"), FileKey: read.needed("key"),
		Actor: broker.System(j.Library), At: read.moment("date", j.library.Zone),
	}
	read.judge(map[string]string{"/method": "method"}, costs.CheckMethod(j.document, entry.Method))
	read.json("clause", &entry.Clause)
	read.needed("date")
	read.needed("amount")
	minor := read.minor("amount", j.library.Currency)
	if minor == nil {
		return entry
	}
	entry.Minor = *minor
	lowers := entry.Kind == ledger.KindPayment || entry.Kind == ledger.KindWaiver || entry.Kind == ledger.KindReversal
	switch {
	case entry.Minor == 0:
		read.wrong("amount", "is nothing; leave the row out")
	case lowers && entry.Minor > 0 && entry.Kind != ledger.KindReversal:
		entry.Minor = -entry.Minor
	case !lowers && entry.Minor < 0:
		read.wrong("amount", "is below zero; a %s raises what is owed", entry.Kind)
	}
	return entry
}

// answers finds the charge that an entry answers.
func (j *job) answers(read *row, entry *ledger.Record, known, here map[string]ledger.Known) {
	key := read.text("against")
	if key == "" {
		if entry.Kind == ledger.KindWaiver || entry.Kind == ledger.KindReversal {
			read.wrong("against", "is empty; a %s names the charge it answers", entry.Kind)
		}
		return
	}
	charge, found := known[key]
	if !found {
		charge, found = here[key]
	}
	switch {
	case found && charge.Patron != entry.Patron:
		read.wrong("against", "%q is an entry of another patron", shown(key))
	case found:
		entry.Against = charge.ID
	case !j.DryRun || j.first.Line("key "+key) == 0:
		read.wrong("against", "%q is no entry here, nor earlier in this file, or was refused", shown(key))
	}
}
