package exchange

import (
	"context"
	"slices"
	"strings"

	"afield/broker"
	"afield/broker/patrons"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

// What goes with patrons: who answers for whom, who may pick up for whom, and the
// blocks put on them. The columns are those of an export.

func linksKind() kind {
	return kind{
		name: Links,
		columns: []Column{
			{Name: "parent", Needed: true, Says: "card number or key of who answers"},
			{Name: "child", Needed: true, Says: "card number or key of the other"},
			{Name: "since", Says: "a date; empty: today, or as it is"},
		},
		names: func(r *row) []string { return []string{"link of " + r.text("parent") + " to " + r.text("child")} },
		save: func(ctx context.Context, tx *postgres.Tx, j *job, rows []*row) error {
			return j.savePairs(ctx, tx, rows, "parent", "child", func(read *row, pair *patrons.PairRecord) {
				pair.On = read.date("since")
			}, patrons.SaveLinkRecords)
		},
	}
}

func proxiesKind() kind {
	return kind{
		name: Proxies,
		columns: []Column{
			{Name: "patron", Needed: true, Says: "card number or key of the patron"},
			{Name: "proxy", Needed: true, Says: "card number or key of who may pick up for the patron"},
			{Name: "until", Says: "the last day; empty: until it is taken back"},
			{Name: "created", Says: "when it was named"},
		},
		names: func(r *row) []string { return []string{"proxy " + r.text("proxy") + " of " + r.text("patron")} },
		save: func(ctx context.Context, tx *postgres.Tx, j *job, rows []*row) error {
			return j.savePairs(ctx, tx, rows, "patron", "proxy", func(read *row, pair *patrons.PairRecord) {
				pair.On, pair.CreatedAt = read.date("until"), read.moment("created", j.library.Zone)
			}, patrons.SaveProxyRecords)
		},
	}
}

// savePairs reads rows that each name two patrons of the library, and writes
// them.
func (j *job) savePairs(ctx context.Context, tx *postgres.Tx, rows []*row, one, other string, rest func(*row, *patrons.PairRecord),
	save func(context.Context, *postgres.Tx, bool, []patrons.PairRecord) (postgres.Saved, error),
) error {
	known, err := j.people(ctx, tx, rows, one, other)
	if err != nil {
		return err
	}
	var pairs []patrons.PairRecord
	var ids []broker.ID
	for _, read := range rows {
		pair := patrons.PairRecord{Library: j.Library, One: j.ours(read, one, known), Other: j.ours(read, other, known)}
		if pair.One == pair.Other && pair.One != broker.NoID {
			read.wrong(other, "is the patron's own")
		}
		if rest(read, &pair); pair.CreatedAt.IsZero() {
			pair.CreatedAt = j.Now
		}
		pair.Today = j.library.Today(j.Now)
		if read.errors == nil {
			pairs, ids = append(pairs, pair), append(ids, pair.ID())
		}
	}
	saved, err := save(ctx, tx, j.file.has("since") || j.file.has("until"), pairs)
	settle(good(rows), ids, saved)
	return err
}

// ours finds the patron of this library that a column names.
func (j *job) ours(read *row, column string, known people) broker.ID {
	name := read.needed(column)
	if name == "" {
		return broker.NoID
	}
	holder, found := known.holder(j, name)
	if !found || holder.Library != j.Library {
		read.wrong(column, "%q is no patron of this library; read the patrons in first, or correct it", shown(name))
		return broker.NoID
	}
	return holder.ID
}

func blocksKind() kind {
	return kind{
		name: Blocks,
		columns: []Column{
			{Name: "patron", Needed: true, Says: "card number or key of the patron"},
			{Name: "reason", Needed: true, Says: "for staff"},
			{Name: "id", Says: "the block's number in the old system"},
			{Name: "kind", Says: strings.Join(blockKinds(), ", ")},
			{Name: "stops", Says: "what it stops, as checkout;hold; empty: " + strings.Join(usuallyStopped(), ";")},
			{Name: "ground", Says: "one that the policy names, where it does"},
			{Name: "rule", Says: "the policy attribute of a latched block"},
			{Name: "from", Says: "a date; empty: today"},
			{Name: "until", Says: "the last day; empty: until lifted"},
			{Name: "put_by", Says: "as an export writes it"},
			{Name: "lifted", Says: "when it was lifted, where it was"},
		},
		names: func(r *row) []string {
			if id := r.text("id"); id != "" {
				return []string{"block " + id}
			}
			return []string{"block of " + r.text("patron") + " for " + r.text("reason") + " from " + r.text("from")}
		},
		ids:  []string{"id"},
		save: saveBlocks,
	}
}

// blockKinds are the kinds of block, the usual one first.
func blockKinds() []string {
	return []string{string(patrons.BlockManual), string(patrons.BlockSuspended), string(patrons.BlockILLSuspended), string(patrons.BlockLatched)}
}

func usuallyStopped() []string {
	return []string{string(rule.ActionCheckout), string(rule.ActionHold), string(rule.ActionILLRequest), string(rule.ActionRenew)}
}

// saveBlocks writes blocks. One that is here already stays as it is: it may have
// been lifted since.
func saveBlocks(ctx context.Context, tx *postgres.Tx, j *job, rows []*row) error {
	known, err := j.people(ctx, tx, rows, "patron")
	if err != nil {
		return err
	}
	var records []patrons.BlockRecord
	var ids []broker.ID
	for _, read := range rows {
		record := j.block(read, known)
		if read.errors == nil {
			records, ids = append(records, record), append(ids, record.ID)
		}
	}
	saved, err := patrons.SaveBlockRecords(ctx, tx, records)
	settle(good(rows), ids, saved)
	return err
}

func (j *job) block(read *row, known people) patrons.BlockRecord {
	record := patrons.BlockRecord{
		Library: j.Library, Patron: j.ours(read, "patron", known), Kind: read.oneOf("kind", blockKinds()...), Stops: read.list("stops"),
		Ground: read.text("ground"), Reason: read.needed("reason"), Rule: read.text("rule"), From: read.date("from"), Until: read.date("until"),
		PutBy: broker.System(j.Library), LiftedAt: orNil(read.moment("lifted", j.library.Zone)),
	}
	read.json("put_by", &record.PutBy)
	record.ID = j.keyed("block", orElse(read.text("id"), record.Patron.String()+record.Reason+read.text("from")))
	if len(record.Stops) == 0 {
		record.Stops = usuallyStopped()
	}
	if record.From.IsZero() {
		record.From = j.library.Today(j.Now)
	}
	for _, action := range record.Stops {
		if !slices.Contains(rule.EveryAction(), rule.Action(action)) {
			read.wrong("stops", "%q is nothing that a block stops; right are %s", shown(action), strings.Join(named(rule.EveryAction()), ", "))
		}
	}
	read.judge(map[string]string{"/until_on": "until"}, patrons.CheckDays(record.From, record.Until))
	if record.Ground != "" { // another system has none
		read.judge(map[string]string{"/ground": "ground"}, patrons.CheckGround(j.document, record.Ground))
	}
	return record
}

func named(actions []rule.Action) []string {
	names := make([]string, len(actions))
	for i, action := range actions {
		names[i] = string(action)
	}
	return names
}
