// Package policy holds what each library's written policy says, as data, and
// answers questions from it: may this person ask for an interlibrary loan, who
// pays the lender's fee, until when does it wait on the hold shelf, what does a
// late return cost.
//
// A policy is a YAML document of attributes with dotted ids (ill.active_limit,
// shelf.days, blocks.checkout); each value stands beside its source clause, in
// our words, and is marked silent where the library's text says nothing and we
// chose. Documents are read strictly and never change once read. What a document
// leaves out comes from presets/default.yaml.
//
// Decisions are pure: they take facts and a moment, touch no database and read
// no clock, and give every reason at once, each with its rule, its clause, what
// was needed, what was found, who may override and when it would pass.
//
//	document, err := policy.Preset("westchester")
//	answer := document.MaySubmitILL(policy.Moment{Now: now, Calendar: opening}, policy.Submission{
//		Patron:         policy.Patron{Class: "resident", Owes: policy.OwedInAll(owed)},
//		Channel:        policy.ByStaff,
//		ActiveRequests: 3,
//	})
//	answer.Allowed   // false
//	answer.Explain() // No: may not ask for an interlibrary loan. …
//
// Documents stand in a line of levels, state → consortium → library → branch,
// above all the default document. Attribute by attribute the nearest level with
// an entry for the case wins outright, unless a level above has said its last
// word (final: true). none is an answer, leaving out is not. WhereFrom walks the
// line; a Register holds the published versions, each ruling from its day on;
// Diff compares two documents; Explain answers one question in words.
//
// To find a rule: its value is in presets/, its name in attributes.go, its type
// in attribute_types.go, types_*.go or values.go. The decisions that use it:
//
//	may a person …      submit.go loans.go limits.go holds.go renewals.go claims.go privacy.go
//	until when?         due.go returns.go shelf.go deadlines.go notices.go
//	how much?           terms.go fines.go lost.go lostreturn.go fees.go
//	cards and accounts  cards.go patron.go
//	which lender?       lenders.go
package policy
