package routing

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/directory"
)

// Why a lender is passed over, or (the last) left to staff. The borrower's
// policy adds codes of its own, such as lender_place_excluded.
const (
	CodeBorrowerItself  = "borrower_itself"
	CodeOutOfReach      = "out_of_reach"
	CodeTierUsedUp      = "tier_used_up"
	CodeAlreadyAsked    = "already_asked"
	CodeNotActive       = "library_not_active"
	CodePeerPaused      = "connection_paused"
	CodeLendingPaused   = "lending_paused"
	CodeClosed          = "closed"
	CodeDoesNotLend     = "does_not_lend"
	CodeFormatNotLent   = "format_not_lent"
	CodeNotReturnable   = "not_returnable"
	CodeNotByHold       = "copy_is_not_a_hold"
	CodeNotOwned        = "not_owned"
	CodeNotKnownToOwn   = "not_known_to_own"
	CodeNotLendable     = "no_lendable_copy"
	CodeNoneAvailable   = "no_copy_available"
	CodeAboveCeiling    = "above_ceiling"
	CodeForeignCurrency = "foreign_currency"
)

// grounds collects the reasons against one lender.
type grounds []broker.Reason

func (g *grounds) add(code, rule, format string, args ...any) *broker.Reason {
	*g = append(*g, broker.Reason{Code: code, Rule: rule, Message: fmt.Sprintf(format, args...)})
	return &(*g)[len(*g)-1]
}

// refusals lists everything that speaks against asking a candidate; nothing
// means it may be asked.
func refusals(query Query, tier directory.Tier, inTier bool, candidate *Candidate, price price) []broker.Reason {
	var against grounds
	placeGrounds(&against, query, tier, inTier, candidate)
	if outcome, asked := query.Asked[candidate.ID]; asked {
		against.add(CodeAlreadyAsked, "routing.asked_once", "Was tried for this request already (%s).", outcome).Found = outcome
	}
	libraryGrounds(&against, query, tier, candidate)
	lendingGrounds(&against, query, tier, candidate)
	copyGrounds(&against, candidate)
	priceGrounds(&against, query, price)
	return against
}

func placeGrounds(against *grounds, query Query, tier directory.Tier, inTier bool, candidate *Candidate) {
	itself := candidate.ID == query.Borrower.ID
	switch {
	case !inTier && itself:
		against.add(CodeBorrowerItself, "routing.tiers", "Is the borrowing library itself, which has no tier for its own shelves.")
	case !inTier:
		against.add(CodeOutOfReach, "routing.tiers", "Is in none of the tiers the borrowing library looks in.")
	case tier.Position < query.FromTier:
		against.add(CodeTierUsedUp, "routing.tiers", "Is in %s, which was used up.", tier.Name)
	}
	if query.MayAsk != nil && !itself {
		*against = append(*against, query.MayAsk(candidate.Library)...)
	}
}

func libraryGrounds(against *grounds, query Query, tier directory.Tier, candidate *Candidate) {
	if candidate.Status != directory.StatusActive {
		against.add(CodeNotActive, "directory.status", "Is %s in the directory.", candidate.Status).Found = string(candidate.Status)
	}
	if candidate.ID == query.Borrower.ID {
		return
	}
	if candidate.Paused {
		against.add(CodePeerPaused, "directory.peer", "The connection to it is paused.")
	}
	today := candidate.Today(query.Now)
	if candidate.Terms.PausedOn(today) {
		reason := against.add(CodeLendingPaused, "lending_terms.paused", "Has paused lending%s.", until(candidate.Terms.PausedUntil))
		if last := candidate.Terms.PausedUntil; !last.IsZero() {
			passes := last.End(candidate.Zone).UTC()
			reason.PassesAt = &passes
		}
	}
	opens := candidate.Calendar.NextOpenDay(today)
	away := opens.DaysSince(today)
	if tier.Position >= 0 && (!candidate.Calendar.IsOpen(opens) || away > tier.DaysToRespond) {
		reason := against.add(CodeClosed, "calendar.closed", "Is closed until %s, longer than the %s it has to answer%s.",
			opens, counted(tier.DaysToRespond, "day", "days"), because(candidate.Calendar.WhyClosed(today)))
		reason.Needed, reason.Found = "open by "+today.AddDays(tier.DaysToRespond).String(), opens.String()
		if at, open := candidate.Calendar.Opens(opens); open {
			passes := earliestNextTry(at, tier.DaysToRespond)
			reason.PassesAt = &passes
		}
	}
}

// earliestNextTry is when asking makes sense again: so many days before it opens.
func earliestNextTry(opens time.Time, daysToRespond int) time.Time {
	return opens.AddDate(0, 0, -daysToRespond)
}

// lendingGrounds checks an ILL request against the lender's terms. A hold in a
// shared catalogue follows the catalogue, not the terms.
func lendingGrounds(against *grounds, query Query, tier directory.Tier, candidate *Candidate) {
	format := query.Format
	if query.Service == ServiceCopy {
		format = broker.FormatArticle
	} else if !format.Returnable() {
		against.add(CodeNotReturnable, "request.service", "A %s is copied, not lent; the request asks for a loan.", query.Format)
	}
	if tier.Fulfilment == directory.FulfilHold {
		if query.Service == ServiceCopy {
			against.add(CodeNotByHold, "tier.fulfilment", "A copy to keep cannot be a hold in the shared catalogue.")
		}
		return
	}
	if !candidate.Terms.Lends {
		against.add(CodeDoesNotLend, "lending_terms.lends", "Does not lend to other libraries.")
	} else if !candidate.Terms.LendsFormat(format) {
		reason := against.add(CodeFormatNotLent, "lending_terms.formats", "Does not lend this format (%s) to other libraries.", orBook(format))
		reason.Needed, reason.Found = string(orBook(format)), joined(candidate.Terms.Formats)
	}
}

func copyGrounds(against *grounds, candidate *Candidate) {
	holder, live := candidate.Holder, candidate.Live
	switch {
	case live.answered() && !live.Availability.Owned:
		against.add(CodeNotOwned, "holdings.live", "Said just now that it does not own it.")
	case live.answered() && live.Availability.Available+live.Availability.Perhaps <= 0:
		reason := against.add(CodeNoneAvailable, "holdings.live", "Said just now that no copy can be lent%s%s.", because(live.Availability.Note), backOn(live.Availability.Due))
		reason.Found = "0"
		if due := live.Availability.Due; !due.IsZero() {
			passes := due.Start(candidate.Zone).UTC()
			reason.PassesAt = &passes
		}
	case live.answered():
	case holder == nil && live != nil:
		against.add(CodeNotKnownToOwn, "holdings.live", "Is not known to own it, and could not say just now (%s).", live.Problem)
	case holder == nil:
		against.add(CodeNotKnownToOwn, "holdings.known", "Is not known to own it.")
	case holder.Lendable == 0:
		against.add(CodeNotLendable, "holdings.lendable", "Has %s, none of which may be lent.", counted(holder.Copies, "copy", "copies"))
	case holder.AvailabilityKnown && holder.Available <= 0:
		reason := against.add(CodeNoneAvailable, "holdings.available", "Has no copy free now: %s, %s waiting.",
			counted(holder.Lendable, "copy", "copies"), counted(holder.Waiting, "person", "people"))
		reason.Needed, reason.Found = "1", "0"
	}
}

// priceGrounds checks what would be passed on against the patron's ceiling. An
// unknown price is no ground: the lender is asked for it, and the patron agrees
// to it, later.
func priceGrounds(against *grounds, query Query, price price) {
	if query.Ceiling == nil || !price.known || price.foreign || price.patron.Currency != query.Ceiling.Currency {
		return
	}
	if price.patron.Minor > query.Ceiling.Minor {
		reason := against.add(CodeAboveCeiling, "request.max_cost", "The patron would pay %s, more than the %s agreed to.",
			price.patron, query.Ceiling)
		reason.Needed, reason.Found = "at most "+query.Ceiling.String(), price.patron.String()
	}
}

func until(date broker.Date) string {
	if date.IsZero() {
		return ""
	}
	return " until " + date.String()
}

func backOn(due broker.Date) string {
	if due.IsZero() {
		return ""
	}
	return "; the first is expected back on " + due.String()
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

func orBook(format broker.Format) broker.Format {
	if format == "" {
		return broker.FormatBook
	}
	return format
}

func joined(formats []broker.Format) string {
	texts := make([]string, len(formats))
	for i, format := range formats {
		texts[i] = string(format)
	}
	slices.Sort(texts)
	return strings.Join(texts, ", ")
}
