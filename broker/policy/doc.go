// Package policy holds what each library's written policy says, as data, and
// the core that every decision by it shares.
//
// A policy is a YAML document of attributes with dotted ids (ill.active_limit,
// shelf.days, blocks.checkout); each value stands beside its source clause, in
// our words, and is marked silent where the library's text says nothing and we
// chose. Documents are read strictly and never change once read. What a document
// leaves out comes from presets/default.yaml.
//
// Documents stand in a line of levels, state → consortium → library → branch,
// above all the default document. Attribute by attribute the nearest level with
// an entry for the case wins outright, unless a level above has said its last
// word (final: true). none is an answer, leaving out is not. WhereFrom walks the
// line; a Register holds the published versions, each ruling from its day on;
// Diff compares two documents.
//
// Decisions are pure: they take facts and a moment, touch no database and read
// no clock, and give every reason at once, each with its rule, its clause, what
// was needed, what was found, who may override and when it would pass.
//
//	document, err := policy.Preset("westchester")
//	answer := ill.MaySubmitILL(document, policy.Moment{Now: now, Calendar: opening}, ill.Submission{
//		Patron:         policy.Patron{Class: "resident", Owes: policy.OwedInAll(owed)},
//		Channel:        rule.ByStaff,
//		ActiveRequests: 3,
//	})
//	answer.Allowed   // false
//	answer.Explain() // No: may not ask for an interlibrary loan. …
//
// The packages, each using only those above it:
//
//	rule        how an entry is written: its condition, its value, strict reading
//	attributes  the list of the attributes and the types of their values
//	policy      the document, its levels and versions; asking, Moment, Decision
//	blocks      what stops a patron
//	telling     what a patron is told, when and by which way
//	lending     checkout, limits, due dates, renewals, returns, claims
//	shelf       holds and the hold shelf
//	costs       terms of a loan, fines, lost items, refunds, fees
//	accounts    cards, accounts, privacy
//	ill         asking for a loan from elsewhere, lenders, costs, deadlines
//	explain     one question answered in words
//
// Nothing outside these packages reads Document.Rules: whoever wants to know
// something asks a decision.
package policy
