package language

// MainBranch is the name of the library's own desk where it has no branches.
const MainBranch = "main"

// The words that only a policy knows.
const (
	WordClass = "class"
	WordType  = "type"
)

func givenFields() []Field {
	return []Field{
		{Word: "hours", Kind: Hours, Says: "Opening hours; 09:00-17:00 every day when left out."},
		{Word: "closed", Kind: Kind{"a list: " + Closed.Written, readClosed}, Says: "Days on which nobody is served."},
		{Word: "weather", Kind: Kind{"a list: " + Closed.Written, readClosed}, Says: "Days on which the library closed unforeseen."},
		{Word: "open_on", Kind: Kind{"a list: " + Closed.Written, readClosed}, Says: "Dates of special opening, 09:00-17:00, also on a weekday that is otherwise closed."},
		{Word: "branches", Kind: rawKind, Says: "Further branches, by name; the first is called main."},
		{Word: "libraries", Kind: rawKind, Says: "Other libraries, by name."},
		{Word: "patrons", Kind: rawKind, Says: "Patrons, by a name of their role (adult, child)."},
		{Word: "items", Kind: rawKind, Says: "Items, by name."},
		{Word: "loans", Kind: rawKind, Says: "A list of loans that have begun before the first step."},
		{Word: "holds", Kind: rawKind, Says: "A list of holds placed before the first step, first come first."},
	}
}

func branchFields() []Field {
	return []Field{
		{Word: "hours", Kind: Hours, Says: "Its own opening hours; the library's when left out."},
		{Word: "closed", Kind: Kind{"a list: " + Closed.Written, readClosed}, Says: "Its own closed days."},
	}
}

func libraryFields() []Field {
	return []Field{
		{Word: "shares", Kind: Flag, Says: "true: a member of the same shared catalogue, with desks and copies of its own."},
		{Word: "policy", Kind: Text, Says: "Its policy, where it shares the catalogue; the scenario's own when left out."},
		{Word: "state", Kind: Text, Says: "State or province (OH), with its country where that is another (CA-ON); that of the scenario's library when left out."},
		{Word: "closed", Kind: Kind{"a list: " + Closed.Written, readClosed}, Says: "Days on which it is closed."},
		{Word: "fee", Kind: Money, Says: "What it asks for a loan."},
		{Word: "fee_unknown", Kind: Flag, Says: "true: nobody knows what it asks, or for how long it lends."},
		{Word: "has", Kind: ListOf(Text), Says: "Titles it could lend, as steps and items name them."},
		{Word: "tier", Kind: Count, Says: "How far out it is asked: 1 before 2. 1 when left out."},
		{Word: "loan_days", Kind: Count, Says: "For how long it lends; 28 when left out."},
	}
}

func patronFields() []Field {
	return []Field{
		{Word: "class", Kind: WordOf(WordClass), Says: "Class; resident when left out."},
		{Word: "age", Kind: Count, Says: "Age in years on the day of the first step."},
		{Word: "born", Kind: Date, Says: "Birthday."},
		{Word: "owes", Kind: AmountsOf("overdue"), Says: "What is owed already; an amount alone is fines."},
		{Word: "expires", Kind: Date, Says: "Last day of the card."},
		{Word: "card", Kind: OneOf("active", "lost", "stolen", "none"), Says: "State of the card; active when left out."},
		{Word: "phone", Kind: Flag, Says: "Whether a telephone number is on file; true when left out."},
		{Word: "phone_checked", Kind: Date, Says: "When the number was last confirmed; the first day when left out."},
		{Word: "email", Kind: Flag, Says: "Whether an e-mail address is on file."},
		{Word: "wishes", Kind: OneOf("phone", "email", "sms", "letter", "account"), Says: "How the patron wants to be told."},
		{Word: "blocked", Kind: ListOf(OneOf(Stoppable()...)), Says: "What a block put by staff stops."},
		{Word: "blocked_until", Kind: Date, Says: "Last day of that block; until lifted when left out."},
		{Word: "ill_suspended", Kind: Flag, Says: "Whether interlibrary loan is suspended."},
		{Word: "household", Kind: Text, Says: "The household or business it is of."},
		{Word: "last_used", Kind: Date, Says: "The day of the last circulation."},
		{Word: "not_for", Kind: ListOf(Text), Says: "What the library keeps from this account: types of material, or \"adult material\"."},
		{Word: "proxies", Kind: ListOf(NameOf("patron")), Says: "Who may pick up what is kept for the patron."},
		{Word: "parents", Kind: ListOf(NameOf("patron")), Says: "Who answers for the patron; blocks spread through such links."},
		{Word: "out", Kind: byName("types of material", Count), Says: "How many of each type are on loan already."},
	}
}

func itemFields() []Field {
	return []Field{
		{Word: "type", Kind: WordOf(WordType), Says: "Type of material; book when left out."},
		{Word: "audience", Kind: OneOf("adult", "teen", "child"), Says: "Of the material; adult when left out."},
		{Word: "age", Kind: OneOf("new", "high_demand"), Says: "Whether other terms hold because it is new or much asked for."},
		{Word: "parts", Kind: Count, Says: "How many pieces belong to it."},
		{Word: "title", Kind: Text, Says: "Title, where several items are copies of one; its own when left out."},
		{Word: "price", Kind: Money, Says: "What a new copy costs."},
		{Word: "price_paid", Kind: Money, Says: "What it once cost."},
		{Word: "list_price", Kind: Money, Says: "The publisher's price now."},
		{Word: "owner", Kind: NameOf("library"), Says: "Another library of the shared catalogue whose it is."},
		{Word: "branch", Kind: NameOf("branch"), Says: "Its home branch; main when left out."},
		{Word: "stands", Kind: OneOf("on_shelf", "on_order", "in_processing", "missing", "lost", "withdrawn"), Says: "Whether it can be had; on_shelf when left out."},
		{Word: "lendable", Kind: Flag, Says: "false: used in the house only."},
		{Word: "ill", Kind: Flag, Says: "true: borrowed from another library, for one patron."},
		{Word: "for", Kind: NameOf("patron"), Says: "For whom it was borrowed; the first patron when left out."},
		{Word: "lender", Kind: NameOf("library"), Says: "From whom it was borrowed; some library in the state when left out."},
		{Word: "lender_due", Kind: Date, Says: "The lender's due date."},
		{Word: "lender_fine", Kind: Money, Says: "What the lender asks for a late day, as it says when it sends it."},
		{Word: "lender_fine_most", Kind: Money, Says: "The most it asks; without limit when left out."},
		{Word: "lender_renewals", Kind: Count, Says: "How often the lender renews it; it does not say when left out."},
		{Word: "arrived", Kind: Moment, Says: "When it was received; with its loan, or on the first day, when left out."},
		{Word: "shelved", Kind: Flag, Says: "true: it stands on the hold shelf since it arrived."},
	}
}

func loanFields() []Field {
	return []Field{
		{Word: "patron", Kind: NameOf("patron"), Must: true, Says: "Who has it."},
		{Word: "item", Kind: NameOf("item"), Must: true, Says: "What."},
		{Word: "since", Kind: Moment, Must: true, Says: "When it was lent."},
		{Word: "due", Kind: Date, Says: "Due date, where it is not the policy's."},
		{Word: "renewals", Kind: Count, Says: "How often it was renewed already."},
		{Word: "desk", Kind: NameOf("desk"), Says: "Where it was lent."},
	}
}

func holdFields() []Field {
	return []Field{
		{Word: "patron", Kind: NameOf("patron"), Must: true, Says: "Who waits."},
		{Word: "item", Kind: NameOf("item"), Must: true, Says: "For a copy of the title of this item."},
		{Word: "since", Kind: Moment, Says: "When it was asked for; on the first day when left out."},
		{Word: "this_copy", Kind: Flag, Says: "true: only this very copy will do."},
		{Word: "pickup", Kind: NameOf("branch"), Says: "Where it is to be picked up."},
	}
}

// Part is one part of a scenario with its words.
type Part struct {
	Name   string
	Fields []Field
}

// Parts lists the words of everything but what a step does and expects, in the
// order in which they are listed.
func Parts() []Part {
	return []Part{
		{"scenario", documentFields()},
		{"given", givenFields()},
		{"branches", branchFields()},
		{"libraries", libraryFields()},
		{"patrons", patronFields()},
		{"items", itemFields()},
		{"loans", loanFields()},
		{"holds", holdFields()},
		{"steps", everyStep()},
	}
}

// Act is something a step may do, with the words it takes.
type Act struct {
	Word, Says string
	Fields     []Field
}

// Vocabulary is what a file may say apart from what is given: what a step may
// do, and what may be expected of it.
type Vocabulary struct {
	Acts    []Act
	Expects []Field
}

// Stoppable are the things a block may stop.
func Stoppable() []string {
	return []string{"checkout", "ill_request", "hold", "renew", "renew_overdue", "computer", "sign_for_minor", "capture", "everything"}
}
