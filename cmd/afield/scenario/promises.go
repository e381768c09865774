package scenario

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"afield/broker"
)

// promises are the words that may be expected.
func promises() []promise {
	return slices.Concat(refusalPromises(), moneyPromises(), thingPromises(), peoplePromises(), rulePromises())
}

func refusalPromises() []promise {
	return []promise{
		expects("allowed", flagKind, "Whether it was done. A step that expects nothing of this kind must be allowed.",
			same(func(_ *play, _ step, did result, _, _ view) string { return fmt.Sprint(!did.refused()) })),
		expects("refused", listOf(textKind), "The codes of every reason of a refusal, in any order; [] for none.",
			sameList(func(_ *play, _ step, did result, _, _ view) []string {
				if found := codes(did.reasons()); len(found) > 0 || did.err == nil {
					return found
				}
				return []string{did.err.Code}
			})),
		expects("code", textKind, "The code of a refusal as a whole (may_not_check_out) or of a conflict (already_on_loan).",
			same(func(_ *play, _ step, did result, _, _ view) string {
				if did.err == nil {
					return "none"
				}
				return did.err.Code
			})),
		expects("notes", listOf(textKind), "Codes of warnings, which refuse nothing.",
			sameList(func(_ *play, _ step, did result, _, _ view) []string { return codes(did.notes) })),
		expects("rule", textKind, "A rule that is named among the reasons or warnings (blocks.checkout).",
			contained(func(did result) []string {
				var found []string
				for _, reason := range slices.Concat(did.reasons(), did.notes) {
					found = append(found, reason.Rule)
				}
				return found
			})),
		expects("clause", textKind, "Words of a source clause that is named.",
			contained(func(did result) []string {
				found := []string{did.told["clause"]}
				for _, reason := range slices.Concat(did.reasons(), did.notes) {
					found = append(found, reason.Clause.Document+", "+reason.Clause.Section+": "+reason.Clause.Says)
				}
				return found
			})),
		expects("needed", textKind, "Words of what a reason says was needed.",
			contained(func(did result) []string {
				var found []string
				for _, reason := range did.reasons() {
					found = append(found, reason.Needed)
				}
				return found
			})),
		expects("latest", dateKind, "The last day on which it would have been allowed, as the reasons say.",
			contained(func(did result) []string {
				var found []string
				for _, reason := range did.reasons() {
					found = append(found, reason.Needed)
				}
				return found
			})),
		expects("earliest", dateKind, "The first day on which it would be allowed, as the reasons say.",
			same(func(p *play, _ step, did result, _, _ view) string {
				var last *time.Time
				for _, reason := range did.reasons() {
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
				return p.dayOf(*last)
			})),
		expects("may_override", listOf(textKind), "The roles that may pass over every reason.",
			sameList(func(_ *play, _ step, did result, _, _ view) []string { return overriders(did.reasons()) })),
		expects("says", textKind, "Words of what the desk is told.",
			contained(func(did result) []string {
				switch {
				case did.err != nil:
					return []string{did.err.Detail}
				case did.done != nil:
					return []string{did.done.Message}
				}
				return nil
			})),
		expects("did", textKind, "What was done, in a word: received, shelved, checked_out, checked_in, captured, sent_on, pulled, shipped, returned_home, unmatched, nothing …",
			same(func(_ *play, _ step, did result, _, _ view) string {
				if did.done == nil {
					return "nothing"
				}
				return did.done.Did
			})),
	}
}

// told gives what the act itself found out.
func told(word string) checking {
	return same(func(_ *play, _ step, did result, _, _ view) string {
		if found, known := did.told[word]; known {
			return found
		}
		return "nothing"
	})
}

func contained(read func(result) []string) checking {
	return func(_ *play, _ step, did result, _, _ view, want any) (string, string, bool) {
		found, wanted := read(did), fmt.Sprint(want)
		ok := slices.ContainsFunc(found, func(text string) bool { return strings.Contains(text, wanted) })
		return wanted, strings.Join(found, "; "), ok
	}
}

// overriders are the roles that every reason names.
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
	charged := func(before, after view) amounts { return money(before, after, "charge", "reversal") }
	return []promise{
		{field{word: "charges", kind: amountsKind("overdue"), says: "Everything this step charged (less what it took back), by kind; {} for nothing."}, sameAmounts(charged)},
		expects("fine", moneyKind, "What this step charged for lateness.",
			same(func(_ *play, _ step, _ result, before, after view) string {
				return charged(before, after)["overdue"].String()
			})),
		expects("waived", moneyKind, "What this step forgave.",
			same(func(_ *play, _ step, _ result, before, after view) string {
				return (-money(before, after, "waiver").total()).String()
			})),
		expects("owes", moneyKind, "What the patron owes afterwards, fines that grow included; below zero in the patron's favour.",
			same(func(_ *play, _ step, _ result, _, after view) string {
				if after.standing == nil {
					return "no patron"
				}
				return after.standing.Balances.Total().Decimal()
			})),
		expects("given_back", moneyKind, "What is handed back of a deposit.", told("given_back")),
		expects("refund", moneyKind, "What was paid and is now to be given back.",
			same(func(_ *play, _ step, did result, _, _ view) string {
				if did.done == nil {
					return "0.00"
				}
				return did.done.Refund.Decimal()
			})),
		expects("refunds", moneyKind, "What this step paid back.",
			same(func(_ *play, _ step, _ result, before, after view) string {
				return money(before, after, "refund").total().String()
			})),
		expects("owes_for", amountsKind("overdue"), "What the patron owes afterwards, by kind.",
			sameAmounts(func(_, after view) amounts {
				sums := amounts{}
				if after.standing != nil {
					for kind, minor := range after.standing.Balances.ByKind {
						sums[kind] = amount(minor)
					}
				}
				return sums
			})),
	}
}

func thingPromises() []promise {
	return []promise{
		expects("due", dateKind, "The due date of the loan.",
			same(func(_ *play, _ step, _ result, _, after view) string {
				if after.loan == nil {
					return "no loan"
				}
				return after.loan.DueOn.String()
			})),
		expects("loan", oneOf("open", "returned", "lost", "none"), "How the loan of the item stands.",
			same(func(_ *play, _ step, _ result, _, after view) string {
				if after.loan == nil {
					return "none"
				}
				return string(after.loan.Status)
			})),
		expects("returned_on", dateKind, "The day the return counts for.",
			same(func(_ *play, _ step, _ result, _, after view) string {
				if after.loan == nil {
					return "no loan"
				}
				return dateText(after.loan.ReturnedOn)
			})),
		expects("lost_on", dateKind, "The day the loan was declared lost.",
			same(func(_ *play, _ step, _ result, _, after view) string { return dateText(after.lostOn) })),
		expects("renewals", countKind, "How often the loan was renewed.",
			same(func(_ *play, _ step, _ result, _, after view) string {
				if after.loan == nil {
					return "no loan"
				}
				return fmt.Sprint(after.loan.Renewals)
			})),
		expects("claim", oneOf("asked_owner", "open", "found_in_library", "found_by_patron", "charged", "withdrawn", "refused", "none"), "How the last claim about the loan of the item stands.",
			same(func(_ *play, _ step, _ result, _, after view) string { return cmp.Or(after.claim, "none") })),
		expects("claim_note", listOf(textKind), "What the note on the account names.",
			sameList(func(_ *play, _ step, did result, _, _ view) []string {
				if did.done == nil || did.done.Claim == nil {
					return nil
				}
				return slices.Collect(maps.Keys(did.done.Claim.Note))
			})),
		expects("count_parts", countKind, "How many pieces staff are asked to count.",
			same(func(_ *play, _ step, did result, _, _ view) string {
				if did.done == nil {
					return "0"
				}
				return fmt.Sprint(did.done.CountParts)
			})),
		expects("item_is", oneOf("on_shelf", "on_hold_shelf", "on_loan", "in_transit", "received", "missing", "lost", "withdrawn", "gone_home"), "Where the item is.",
			same(func(_ *play, _ step, _ result, _, after view) string {
				if after.item == nil {
					return "not here yet"
				}
				return string(after.item.Status)
			})),
		expects("hold", oneOf("placed", "in_transit", "on_hold_shelf", "fulfilled", "cancelled", "expired", "unfilled", "none"), "How the hold stands: the patron's, or the one the item is kept for.",
			same(func(_ *play, _ step, _ result, _, after view) string {
				if after.hold == nil {
					return "none"
				}
				return string(after.hold.Status)
			})),
		expects("place", countKind, "The patron's place in the queue; 1 is next.",
			same(func(_ *play, _ step, _ result, _, after view) string { return fmt.Sprint(after.place) })),
		expects("held_for", nameOf("patron"), "For whom the item is kept.",
			same(func(p *play, _ step, _ result, _, after view) string {
				if after.keptFor == broker.NoID {
					return "nobody"
				}
				return p.nameOfPatron(after.keptFor)
			})),
		expects("pick_up_by", dateKind, "The last day on the hold shelf.",
			same(func(_ *play, _ step, did result, _, after view) string {
				switch {
				case after.hold != nil && !after.hold.PickUpBy.IsZero():
					return after.hold.PickUpBy.String()
				case after.request != nil:
					return dateText(after.request.PickUpBy)
				case did.done != nil:
					return dateText(did.done.PickUpBy)
				}
				return "none"
			})),
		expects("asked", listOf(textKind), "The libraries that were asked for the request so far; [] for none.",
			sameList(func(p *play, _ step, _ result, _, after view) []string { return p.namesOf(after.asked) })),
		expects("request", textKind, "The state of the request (needs_review, requested, on_hold_shelf …).",
			same(func(_ *play, _ step, _ result, _, after view) string {
				if after.request == nil {
					return "none"
				}
				return string(after.request.State)
			})),
	}
}

// namesOf gives the names of libraries.
func (p *play) namesOf(ids []broker.ID) []string {
	var names []string
	for _, id := range ids {
		name := "some library"
		for given, house := range p.houses {
			if house.ID == id && given != usualLender {
				name = given
			}
		}
		if id == p.home.ID {
			name = "home"
		}
		names = append(names, name)
	}
	return names
}

func (p *play) nameOfPatron(id broker.ID) string {
	for name, person := range p.patrons {
		if person.ID == id {
			return name
		}
	}
	return "somebody else"
}

func peoplePromises() []promise {
	return []promise{
		expects("notices", listOf(textKind), "The notices this step brought about, each as kind/channel (arrived/phone) or kind/channel/stage (overdue/letter/final); [] for none.",
			sameList(func(_ *play, _ step, _ result, before, after view) []string {
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
		expects("if_time", flagKind, "Whether the notices this step brought about are calls that are made only when there is time.",
			same(func(_ *play, _ step, _ result, before, after view) string {
				made := added(before.notices, after.notices)
				return fmt.Sprint(len(made) > 0 && !slices.ContainsFunc(made, func(n noticeRow) bool { return !n.IfTime }))
			})),
		expects("tasks", listOf(textKind), "The kinds of the tasks for staff that this step opened; [] for none.",
			sameList(func(_ *play, _ step, _ result, before, after view) []string {
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
		expects("card_expires", dateKind, "The last day of the patron's card; none where it does not end.",
			same(func(_ *play, _ step, _ result, _, after view) string {
				if after.standing == nil {
					return "no patron"
				}
				return dateText(after.standing.Patron.ExpiresOn)
			})),
		expects("wait", textKind, "What the patron is told about the time a request takes (7 to 21 days, or 7 days or more).", told("wait")),
		expects("copyright", oneOf("US:CCG", "US:CCL", "none"), "What is declared of copyright for a copy of an article.", told("copyright")),
		expects("disclosure", oneOf("approved", "refused", "in_review", "declined"), "What became of a request for a patron's record.", told("disclosure")),
		expects("purged_by", textKind, "The rule of the schedule by which an account went.", told("purged_by")),
		expects("value", textKind, "The value of a rule that was explained, as afield policy list prints it.", told("value")),
		expects("from", textKind, "The policy a rule's value comes from.", told("from")),
		expects("silent", flagKind, "Whether the library's text is silent about the rule and Afield chose.", told("silent")),
	}
}
