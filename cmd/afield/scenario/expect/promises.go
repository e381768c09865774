package expect

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/cmd/afield/scenario/language"
	"afield/cmd/afield/scenario/stage"
)

// promises are the words that may be expected.
func promises() []promise {
	return slices.Concat(refusalPromises(), moneyPromises(), thingPromises(), peoplePromises(), rulePromises())
}

func refusalPromises() []promise {
	return []promise{
		expects("allowed", language.Flag, "Whether it was done. A step that expects nothing of this kind must be allowed.",
			same(func(_ *stage.Play, _ language.Step, did stage.Result, _, _ View) string {
				return fmt.Sprint(!did.Refused())
			})),
		expects("refused", language.ListOf(language.Text), "The codes of every reason of a refusal, in any order; [] for none.",
			sameList(func(_ *stage.Play, _ language.Step, did stage.Result, _, _ View) []string {
				if found := codes(did.Reasons()); len(found) > 0 || did.Err == nil {
					return found
				}
				return []string{did.Err.Code}
			})),
		expects("code", language.Text, "The code of a refusal as a whole (may_not_check_out) or of a conflict (already_on_loan).",
			same(func(_ *stage.Play, _ language.Step, did stage.Result, _, _ View) string {
				if did.Err == nil {
					return "none"
				}
				return did.Err.Code
			})),
		expects("notes", language.ListOf(language.Text), "Codes of warnings, which refuse nothing.",
			sameList(func(_ *stage.Play, _ language.Step, did stage.Result, _, _ View) []string { return codes(did.Notes) })),
		expects("rule", language.Text, "A rule that is named among the reasons or warnings (blocks.checkout).",
			contained(func(did stage.Result) []string {
				var found []string
				for _, reason := range slices.Concat(did.Reasons(), did.Notes) {
					found = append(found, reason.Rule)
				}
				return found
			})),
		expects("clause", language.Text, "Words of a source clause that is named.",
			contained(func(did stage.Result) []string {
				found := []string{did.Told["clause"]}
				for _, reason := range slices.Concat(did.Reasons(), did.Notes) {
					found = append(found, reason.Clause.Document+", "+reason.Clause.Section+": "+reason.Clause.Says)
				}
				return found
			})),
		expects("needed", language.Text, "Words of what a reason says was needed.",
			contained(func(did stage.Result) []string {
				var found []string
				for _, reason := range did.Reasons() {
					found = append(found, reason.Needed)
				}
				return found
			})),
		expects("latest", language.Date, "The last day on which it would have been allowed, as the reasons say.",
			contained(func(did stage.Result) []string {
				var found []string
				for _, reason := range did.Reasons() {
					found = append(found, reason.Needed)
				}
				return found
			})),
		expects("earliest", language.Date, "The first day on which it would be allowed, as the reasons say.",
			same(func(p *stage.Play, _ language.Step, did stage.Result, _, _ View) string {
				var last *time.Time
				for _, reason := range did.Reasons() {
					if reason.PassesAt == nil {
						return "nobody knows"
					}
					if last == nil || reason.PassesAt.After(*last) {
						last = reason.PassesAt
					}
				}
				if last == nil {
					return "at once"
				}
				return p.DayOf(*last)
			})),
		expects("may_override", language.ListOf(language.Text), "The roles that may pass over every reason.",
			sameList(func(_ *stage.Play, _ language.Step, did stage.Result, _, _ View) []string {
				return overriders(did.Reasons())
			})),
		expects("says", language.Text, "Words of what the desk is told.",
			contained(func(did stage.Result) []string {
				switch {
				case did.Err != nil:
					return []string{did.Err.Detail}
				case did.Done != nil:
					return []string{did.Done.Message}
				}
				return nil
			})),
		expects("did", language.Text, "What was done, in a word: received, shelved, checked_out, checked_in, captured, sent_on, pulled, shipped, returned_home, unmatched, nothing …",
			same(func(_ *stage.Play, _ language.Step, did stage.Result, _, _ View) string {
				if did.Done == nil {
					return "nothing"
				}
				return did.Done.Did
			})),
	}
}

// told gives what the act itself reported.
func told(word string) checking {
	return same(func(_ *stage.Play, _ language.Step, did stage.Result, _, _ View) string {
		if found, known := did.Told[word]; known {
			return found
		}
		return "nothing"
	})
}

func contained(read func(stage.Result) []string) checking {
	return func(_ *stage.Play, _ language.Step, did stage.Result, _, _ View, want any) (string, string, bool) {
		found, wanted := read(did), fmt.Sprint(want)
		ok := slices.ContainsFunc(found, func(text string) bool { return strings.Contains(text, wanted) })
		return wanted, strings.Join(found, "; "), ok
	}
}

// overriders are the roles that every reason names as able to override it.
func overriders(reasons []broker.Reason) []string {
	var roles []string
	for i, reason := range reasons {
		if i == 0 {
			roles = slices.Clone(reason.MayOverride)
			continue
		}
		roles = slices.DeleteFunc(roles, func(role string) bool { return !slices.Contains(reason.MayOverride, role) })
	}
	return roles
}

func moneyPromises() []promise {
	charged := func(before, after View) language.Amounts { return money(before, after, "charge", "reversal") }
	return []promise{
		{language.Field{Word: "charges", Kind: language.AmountsOf("overdue"), Says: "Everything this step charged (less what it took back), by kind; {} for nothing."}, sameAmounts(charged)},
		expects("fine", language.Money, "What this step charged for lateness.",
			same(func(_ *stage.Play, _ language.Step, _ stage.Result, before, after View) string {
				return charged(before, after)["overdue"].String()
			})),
		expects("waived", language.Money, "What this step forgave.",
			same(func(_ *stage.Play, _ language.Step, _ stage.Result, before, after View) string {
				return (-money(before, after, "waiver").Total()).String()
			})),
		expects("owes", language.Money, "What the patron owes afterwards, fines that grow included; below zero in the patron's favour.",
			same(func(_ *stage.Play, _ language.Step, _ stage.Result, _, after View) string {
				if after.standing == nil {
					return "no patron"
				}
				return after.standing.Balances.Total().Decimal()
			})),
		expects("given_back", language.Money, "What is handed back of a deposit.", told("given_back")),
		expects("refund", language.Money, "What was paid and is now to be given back.",
			same(func(_ *stage.Play, _ language.Step, did stage.Result, _, _ View) string {
				if did.Done == nil {
					return "0.00"
				}
				return did.Done.Refund.Decimal()
			})),
		expects("refunds", language.Money, "What this step paid back.",
			same(func(_ *stage.Play, _ language.Step, _ stage.Result, before, after View) string {
				return money(before, after, "refund").Total().String()
			})),
		expects("owes_for", language.AmountsOf("overdue"), "What the patron owes afterwards, by kind.",
			sameAmounts(func(_, after View) language.Amounts {
				sums := language.Amounts{}
				if after.standing != nil {
					for kind, minor := range after.standing.Balances.ByKind {
						sums[kind] = language.Amount(minor)
					}
				}
				return sums
			})),
	}
}

func thingPromises() []promise {
	return []promise{
		expects("due", language.Date, "The due date of the loan.",
			same(func(_ *stage.Play, _ language.Step, _ stage.Result, _, after View) string {
				if after.loan == nil {
					return "no loan"
				}
				return after.loan.DueOn.String()
			})),
		expects("loan", language.OneOf("open", "returned", "lost", "none"), "How the loan of the item stands.",
			same(func(_ *stage.Play, _ language.Step, _ stage.Result, _, after View) string {
				if after.loan == nil {
					return "none"
				}
				return string(after.loan.Status)
			})),
		expects("returned_on", language.Date, "The day the return counts for.",
			same(func(_ *stage.Play, _ language.Step, _ stage.Result, _, after View) string {
				if after.loan == nil {
					return "no loan"
				}
				return dateText(after.loan.ReturnedOn)
			})),
		expects("lost_on", language.Date, "The day the loan was declared lost.",
			same(func(_ *stage.Play, _ language.Step, _ stage.Result, _, after View) string {
				return dateText(after.lostOn)
			})),
		expects("renewals", language.Count, "How often the loan was renewed.",
			same(func(_ *stage.Play, _ language.Step, _ stage.Result, _, after View) string {
				if after.loan == nil {
					return "no loan"
				}
				return fmt.Sprint(after.loan.Renewals)
			})),
		expects("claim", language.OneOf("asked_owner", "open", "found_in_library", "found_by_patron", "charged", "withdrawn", "refused", "none"), "How the last claim about the loan of the item stands.",
			same(func(_ *stage.Play, _ language.Step, _ stage.Result, _, after View) string {
				return cmp.Or(after.claim, "none")
			})),
		expects("claim_note", language.ListOf(language.Text), "What the note on the account names.",
			sameList(func(_ *stage.Play, _ language.Step, did stage.Result, _, _ View) []string {
				if did.Done == nil || did.Done.Claim == nil {
					return nil
				}
				return slices.Collect(maps.Keys(did.Done.Claim.Note))
			})),
		expects("count_parts", language.Count, "How many pieces staff are asked to count.",
			same(func(_ *stage.Play, _ language.Step, did stage.Result, _, _ View) string {
				if did.Done == nil {
					return "0"
				}
				return fmt.Sprint(did.Done.CountParts)
			})),
		expects("item_is", language.OneOf("on_shelf", "on_hold_shelf", "on_loan", "in_transit", "received", "missing", "lost", "withdrawn", "gone_home", "on_order", "in_processing"), "Where the item is.",
			same(func(_ *stage.Play, _ language.Step, _ stage.Result, _, after View) string {
				if after.item == nil {
					return "not here yet"
				}
				return string(after.item.Status)
			})),
		expects("custody", language.OneOf("lender", "coming", "library", "patron", "returning", "unknown", "none"), "In whose hands a volume of the request is; none before anything was sent.",
			same(func(_ *stage.Play, _ language.Step, _ stage.Result, _, after View) string {
				return cmp.Or(string(after.custody), "none")
			})),
		expects("hold", language.OneOf("placed", "in_transit", "on_hold_shelf", "fulfilled", "cancelled", "expired", "unfilled", "none"), "How the hold stands: the patron's, or the one the item is kept for.",
			same(func(_ *stage.Play, _ language.Step, _ stage.Result, _, after View) string {
				if after.hold == nil {
					return "none"
				}
				return string(after.hold.Status)
			})),
		expects("place", language.Count, "The patron's place in the queue; 1 is next.",
			same(func(_ *stage.Play, _ language.Step, _ stage.Result, _, after View) string {
				return fmt.Sprint(after.place)
			})),
		expects("held_for", language.NameOr("patron", "nobody"), "For whom the item is kept or on its way; nobody for none.",
			same(func(p *stage.Play, _ language.Step, _ stage.Result, _, after View) string {
				if after.keptFor == broker.NoID {
					return "nobody"
				}
				return nameOfPatron(p, after.keptFor)
			})),
		expects("pick_up_by", language.Date, "The last day on the hold shelf.",
			same(func(_ *stage.Play, _ language.Step, did stage.Result, _, after View) string {
				switch {
				case after.hold != nil && !after.hold.PickUpBy.IsZero():
					return after.hold.PickUpBy.String()
				case after.request != nil:
					return dateText(after.request.PickUpBy)
				case did.Done != nil:
					return dateText(did.Done.PickUpBy)
				}
				return "none"
			})),
		expects("asked", language.ListOf(language.Text), "The libraries that were asked for the request so far; [] for none.",
			sameList(func(p *stage.Play, _ language.Step, _ stage.Result, _, after View) []string {
				return namesOf(p, after.asked)
			})),
		expects("request", language.Text, "The state of the request (needs_review, requested, on_hold_shelf …).",
			same(func(_ *stage.Play, _ language.Step, _ stage.Result, _, after View) string {
				if after.request == nil {
					return "none"
				}
				return string(after.request.State)
			})),
	}
}

// namesOf gives the names of libraries.
func namesOf(p *stage.Play, ids []broker.ID) []string {
	var names []string
	for _, id := range ids {
		name := "some library"
		for given, house := range p.Houses {
			if house.ID == id && given != stage.UsualLender {
				name = given
			}
		}
		if id == p.Home.ID {
			name = "home"
		}
		names = append(names, name)
	}
	return names
}

func nameOfPatron(p *stage.Play, id broker.ID) string {
	for name, person := range p.Patrons {
		if person.ID == id {
			return name
		}
	}
	return "somebody else"
}

func peoplePromises() []promise {
	return []promise{
		expects("notices", language.ListOf(language.Text), "The notices this step brought about, each as kind/channel (arrived/phone) or kind/channel/stage (overdue/letter/final); [] for none.",
			sameList(func(_ *stage.Play, _ language.Step, _ stage.Result, before, after View) []string {
				had := map[broker.ID]bool{}
				for _, notice := range before.notices {
					had[notice.ID] = true
				}
				var made []string
				for _, notice := range after.notices {
					if had[notice.ID] {
						continue
					}
					text := notice.Kind + "/" + notice.Channel
					if notice.Stage != "" {
						text += "/" + notice.Stage
					}
					made = append(made, text)
				}
				return made
			})),
		expects("if_time", language.Flag, "Whether the notices this step brought about are calls that are made only when there is time.",
			same(func(_ *stage.Play, _ language.Step, _ stage.Result, before, after View) string {
				made := added(before.notices, after.notices)
				return fmt.Sprint(len(made) > 0 && !slices.ContainsFunc(made, func(n noticeRow) bool { return !n.IfTime }))
			})),
		expects("tasks", language.ListOf(language.Text), "The kinds of the tasks for staff that this step opened; [] for none.",
			sameList(func(_ *stage.Play, _ language.Step, _ stage.Result, before, after View) []string {
				var opened []string
				for _, task := range added(before.tasks, after.tasks) {
					opened = append(opened, task.Kind)
				}
				return opened
			})),
	}
}

func rulePromises() []promise {
	return []promise{
		expects("card_expires", language.Date, "The last day of the patron's card; none where it does not end.",
			same(func(_ *stage.Play, _ language.Step, _ stage.Result, _, after View) string {
				if after.standing == nil {
					return "no patron"
				}
				return dateText(after.standing.Patron.ExpiresOn)
			})),
		expects("wait", language.Text, "What the patron is told about the time a request takes (7 to 21 days, or 7 days or more).", told("wait")),
		expects("copyright", language.OneOf("US:CCG", "US:CCL", "none"), "What is declared of copyright for a copy of an article.", told("copyright")),
		expects("disclosure", language.OneOf("approved", "refused", "in_review", "declined"), "What became of a request for a patron's record.", told("disclosure")),
		expects("purged_by", language.Text, "The rule of the schedule by which an account went.", told("purged_by")),
		expects("value", language.Text, "The value of a rule that was explained, as afield policy list prints it.", told("value")),
		expects("from", language.Text, "The policy a rule's value comes from.", told("from")),
		expects("silent", language.Flag, "Whether the library's text is silent about the rule and Afield chose.", told("silent")),
	}
}
