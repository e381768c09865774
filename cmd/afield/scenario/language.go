package scenario

// mainBranch is the name of the library's own desk where it has no branches.
const mainBranch = "main"

// The words that only a policy knows.
const (
	wordClass = "class"
	wordType  = "type"
)

func givenFields() []field {
	return []field{
		{word: "hours", kind: hoursKind, says: "Opening hours; 09:00-17:00 every day when left out."},
		{word: "closed", kind: kind{"a list: " + closedKind.written, readClosed}, says: "Days on which nobody is served."},
		{word: "weather", kind: kind{"a list: " + closedKind.written, readClosed}, says: "Days on which the library closed unforeseen."},
		{word: "branches", kind: rawKind, says: "Further branches, by name; the first is called main."},
		{word: "libraries", kind: rawKind, says: "Other libraries, by name."},
		{word: "patrons", kind: rawKind, says: "Patrons, by a name of their role (adult, child)."},
		{word: "items", kind: rawKind, says: "Items, by name."},
		{word: "loans", kind: rawKind, says: "A list of loans that have begun before the first step."},
		{word: "holds", kind: rawKind, says: "A list of holds placed before the first step, first come first."},
	}
}

func branchFields() []field {
	return []field{
		{word: "hours", kind: hoursKind, says: "Its own opening hours; the library's when left out."},
		{word: "closed", kind: kind{"a list: " + closedKind.written, readClosed}, says: "Its own closed days."},
	}
}

func libraryFields() []field {
	return []field{
		{word: "shares", kind: flagKind, says: "true: a member of the same shared catalogue, with desks and copies of its own."},
		{word: "policy", kind: textKind, says: "Its policy, where it shares the catalogue; the scenario's own when left out."},
		{word: "state", kind: textKind, says: "State or province (OH), with its country where that is another (CA-ON); that of the scenario's library when left out."},
		{word: "closed", kind: kind{"a list: " + closedKind.written, readClosed}, says: "Days on which it is closed."},
		{word: "fee", kind: moneyKind, says: "What it asks for a loan."},
		{word: "fee_unknown", kind: flagKind, says: "true: nobody knows what it asks, or for how long it lends."},
		{word: "has", kind: listOf(textKind), says: "Titles it could lend, as steps and items name them."},
		{word: "tier", kind: countKind, says: "How far out it is asked: 1 before 2. 1 when left out."},
		{word: "loan_days", kind: countKind, says: "For how long it lends; 28 when left out."},
	}
}

func patronFields() []field {
	return []field{
		{word: "class", kind: wordOf(wordClass), says: "Class; resident when left out."},
		{word: "age", kind: countKind, says: "Age in years on the day of the first step."},
		{word: "born", kind: dateKind, says: "Birthday."},
		{word: "owes", kind: amountsKind("overdue"), says: "What is owed already; an amount alone is fines."},
		{word: "expires", kind: dateKind, says: "Last day of the card."},
		{word: "card", kind: oneOf("active", "lost", "stolen", "none"), says: "State of the card; active when left out."},
		{word: "phone", kind: flagKind, says: "Whether a telephone number is on file; true when left out."},
		{word: "phone_checked", kind: dateKind, says: "When the number was last confirmed; the first day when left out."},
		{word: "email", kind: flagKind, says: "Whether an e-mail address is on file."},
		{word: "wishes", kind: oneOf("phone", "email", "sms", "letter", "account"), says: "How the patron wants to be told."},
		{word: "blocked", kind: listOf(oneOf(stoppable()...)), says: "What a block put by staff stops."},
		{word: "blocked_until", kind: dateKind, says: "Last day of that block; until lifted when left out."},
		{word: "ill_suspended", kind: flagKind, says: "Whether interlibrary loan is suspended."},
		{word: "household", kind: textKind, says: "The household or business it is of."},
		{word: "last_used", kind: dateKind, says: "The day of the last circulation."},
		{word: "not_for", kind: listOf(textKind), says: "What the library keeps from this account: types of material, or \"adult material\"."},
		{word: "proxies", kind: listOf(nameOf("patron")), says: "Who may pick up what is kept for the patron."},
		{word: "parents", kind: listOf(nameOf("patron")), says: "Who answers for the patron; blocks spread through such links."},
		{word: "out", kind: byName("types of material", countKind), says: "How many of each type are on loan already."},
	}
}

func itemFields() []field {
	return []field{
		{word: "type", kind: wordOf(wordType), says: "Type of material; book when left out."},
		{word: "audience", kind: oneOf("adult", "teen", "child"), says: "Of the material; adult when left out."},
		{word: "age", kind: oneOf("new", "high_demand"), says: "Whether other terms hold because it is new or much asked for."},
		{word: "parts", kind: countKind, says: "How many pieces belong to it."},
		{word: "title", kind: textKind, says: "Title, where several items are copies of one; its own when left out."},
		{word: "price", kind: moneyKind, says: "What a new copy costs."},
		{word: "price_paid", kind: moneyKind, says: "What it once cost."},
		{word: "list_price", kind: moneyKind, says: "The publisher's price now."},
		{word: "owner", kind: nameOf("library"), says: "Another library of the shared catalogue whose it is."},
		{word: "branch", kind: nameOf("branch"), says: "Its home branch; main when left out."},
		{word: "stands", kind: oneOf("on_shelf", "on_order", "in_processing"), says: "Whether it can be had yet; on_shelf when left out."},
		{word: "lendable", kind: flagKind, says: "false: used in the house only."},
		{word: "ill", kind: flagKind, says: "true: borrowed from another library, for one patron."},
		{word: "for", kind: nameOf("patron"), says: "For whom it was borrowed; the first patron when left out."},
		{word: "lender", kind: nameOf("library"), says: "From whom it was borrowed; some library in the state when left out."},
		{word: "lender_due", kind: dateKind, says: "The lender's due date."},
		{word: "lender_fine", kind: moneyKind, says: "What the lender asks for a late day, as it says when it sends it."},
		{word: "lender_fine_most", kind: moneyKind, says: "The most it asks; without limit when left out."},
		{word: "lender_renewals", kind: countKind, says: "How often the lender renews it; it does not say when left out."},
		{word: "arrived", kind: momentKind, says: "When it was received; with its loan, or on the first day, when left out."},
		{word: "shelved", kind: flagKind, says: "true: it stands on the hold shelf since it arrived."},
	}
}

func loanFields() []field {
	return []field{
		{word: "patron", kind: nameOf("patron"), must: true, says: "Who has it."},
		{word: "item", kind: nameOf("item"), must: true, says: "What."},
		{word: "since", kind: momentKind, must: true, says: "When it was lent."},
		{word: "due", kind: dateKind, says: "Due date, where it is not the policy's."},
		{word: "renewals", kind: countKind, says: "How often it was renewed already."},
		{word: "desk", kind: nameOf("desk"), says: "Where it was lent."},
	}
}

func holdFields() []field {
	return []field{
		{word: "patron", kind: nameOf("patron"), must: true, says: "Who waits."},
		{word: "item", kind: nameOf("item"), must: true, says: "For a copy of the title of this item."},
		{word: "since", kind: momentKind, says: "When it was asked for; on the first day when left out."},
		{word: "this_copy", kind: flagKind, says: "true: only this very copy will do."},
		{word: "pickup", kind: nameOf("branch"), says: "Where it is to be picked up."},
	}
}

// Act is something a step may do, with the words it takes.
type Act struct {
	Word, Says string
	Fields     []field
}

// Vocabulary is what a file may say besides how things stand: what a step may
// do, and what may be expected of it.
type Vocabulary struct {
	Acts    []Act
	Expects []field
}

// stoppable are the things a block may stop.
func stoppable() []string {
	return []string{"checkout", "ill_request", "hold", "renew", "renew_overdue", "computer", "sign_for_minor", "capture", "everything"}
}
