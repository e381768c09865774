package expect

import (
	"fmt"
	"slices"
	"strings"

	"afield/broker"
)

// reason is a code by which an act is refused or warned of.
type reason struct{ Code, Says string }

// unknownReasons suggests, for each expected code that nothing ever gives, the
// code that may be meant: a misspelt code must not look like a fault in the
// policy.
func unknownReasons(expected []string) []string {
	var said []string
	known := codesOfReasons()
	for _, code := range expected {
		if slices.Contains(known, code) {
			continue
		}
		if near := broker.Nearest(code, known); near != "" {
			said = append(said, fmt.Sprintf("%q is not a code that is known; did you mean %q?", code, near))
		} else {
			said = append(said, fmt.Sprintf("%q is not a code that is known; afield scenario --words lists them", code))
		}
	}
	return said
}

func codesOfReasons() []string {
	var codes []string
	for _, reason := range Reasons() {
		codes = append(codes, reason.Code)
	}
	return codes
}

// expectedCodes are the codes named by an expectation that takes a list.
func expectedCodes(word, expected string) []string {
	switch word {
	case "refused", "notes", "code":
		return strings.FieldsFunc(expected, func(r rune) bool { return strings.ContainsRune("[], ", r) })
	}
	return nil
}

// Reasons are the codes of refusals, conflicts and warnings.
func Reasons() []reason {
	return []reason{
		{"above_library_ceiling", "The library would bear this fee, and it is above the ceiling."},
		{"account_gone", "One of two accounts was merged or purged before."},
		{"account_in_use", "Something is still lent, on hold or asked for on this account."},
		{"adjustment_refused", "Due dates may not be moved so."},
		{"already_on_hold", "This patron waits for it already."},
		{"already_on_loan", "That item is already on loan."},
		{"already_replaced", "A new copy was bought already."},
		{"already_requested", "This patron has an open request for it."},
		{"at_home_elsewhere", "That account is settled at the patron's own library."},
		{"band_in_use", "The band for that request is on another item."},
		{"blocked", "A block on the account stops this."},
		{"borrowed_item", "That item is borrowed: its record follows its request."},
		{"brief_record", "It has only a brief record: send it to be catalogued."},
		{"card_does_not_lend", "This kind of card does not lend that."},
		{"card_ended", "That card is no longer in use."},
		{"card_expired", "The card has expired."},
		{"card_need_missing", "Something is needed for this card."},
		{"card_not_good_here", "The card is not good at this desk."},
		{"card_number_length", "The card number has another number of digits than the policy says."},
		{"card_stopped", "The card is reported lost or stolen."},
		{"act_followed", "Something was done with it since: undo that first."},
		{"cannot_undo", "It can no longer be undone."},
		{"corrected_since", "Its entries on the account have been answered since."},
		{"hold_moved_on", "The hold that it touched has been changed, collected or ended since."},
		{"invoice_moved_on", "An invoice that it made has moved on since."},
		{"item_moved_on", "The item has been scanned, moved or marked since."},
		{"loan_moved_on", "The loan has been renewed, claimed, lost or ended since."},
		{"message_sent", "The message to the other library has gone out."},
		{"never_undone", "The policy lets no act at a desk be undone."},
		{"no_invoice", "The lender has sent no invoice."},
		{"no_patron_lost_it", "That volume was not lost while a patron had it."},
		{"paid_since", "What it charged has been paid since."},
		{"patron_told", "A patron has been told of it."},
		{"request_moved_on", "The request has moved on since."},
		{"till_counted", "The till it went into has been counted since."},
		{"too_late_to_undo", "The time for undoing it is over."},
		{"voucher_moved_on", "A voucher that it wrote has been paid or cancelled since."},
		{"changed_at_the_desk", "That is changed at the desk."},
		{"changed_since", "Something was changed there since; take that back first."},
		{"changed_meanwhile", "The request has changed since you looked at it."},
		{"channel_not_open", "Holds, requests or renewals do not come by this way here."},
		{"charge_settled", "That charge is not open on this account."},
		{"charge_taken_back", "That charge was taken back already."},
		{"claim_closed", "That claim is closed."},
		{"claim_excluded", "Claims are not taken for this kind of item."},
		{"claim_kind", "Such a claim is not taken."},
		{"claim_limit_reached", "As many claims as the policy allows are made already."},
		{"claim_not_asked", "That claim does not wait for an owner."},
		{"claimed", "The patron says that this item is back: close the claim first."},
		{"class_may_not_ask", "This kind of card does not give interlibrary loan."},
		{"copyright_limit_reached", "This year's copies from recent issues of this periodical are used up."},
		{"cost_declined", "The patron does not want to pay this cost."},
		{"cost_not_approved", "The patron agrees to the lender's fee before it is ordered."},
		{"credit_lapsed", "The charge it paid was taken back since, and its credit given up."},
		{"currency_differs", "The price is in another currency."},
		{"damaged", "It was noted as damaged: look at it before it goes on."},
		{"decided_already", "That request is no longer in review."},
		{"director_approves", "The director approves a like item first."},
		{"due_date_needed", "The lender or provider sets the period, and no due date was given."},
		{"due_in_the_past", "The due date chosen lies in the past."},
		{"fax_too_far", "Faxes go within the country only."},
		{"forbidden", "This is not for the one who acts."},
		{"format_not_holdable", "This kind of material is not put on hold."},
		{"group_limit_reached", "Items of a group of types (audio, video) are out as many as may be."},
		{"guarantees_too_much", "Those this person answers for owe too much."},
		{"guardian_missing", "A guardian with a card is needed."},
		{"has_card", "There is one card for each person, household or business, and there is one already."},
		{"has_overdue", "Nothing is renewed while an item is overdue."},
		{"held_for_other", "It is kept for somebody else, or somebody else waits for it."},
		{"held_here", "The library has this itself: place a hold."},
		{"held_in_group", "A library of the shared catalogue has this: place a hold."},
		{"hold_ended", "That hold has ended."},
		{"hold_has_copy", "A copy is kept for that hold already."},
		{"holds_wait", "Holds are for the library's copies of that title."},
		{"hold_limit_reached", "As many holds are open as may be."},
		{"hold_not_waiting", "That hold does not wait any more."},
		{"id_not_accepted", "That paper does not tell who somebody is here."},
		{"id_not_named", "Say which paper was shown."},
		{"ill_limit_reached", "As many interlibrary loan requests are active as may be."},
		{"institutional_account", "The account of a borrowing library is never merged."},
		{"invalid_input", "A value of the step itself is not possible."},
		{"invoice_ended", "That invoice has ended."},
		{"invoice_number_used", "Another invoice has that number."},
		{"item_in_use", "That item is in use."},
		{"item_not_available", "That item cannot be lent, captured or shelved as it stands."},
		{"item_not_lendable", "That copy is not lent."},
		{"item_overdue", "An overdue item is not renewed."},
		{"key_used", "That key names another act, of another account or amount: use a new one."},
		{"lender_decides", "The lender says what the damage of its item costs: enter its invoice on the request."},
		{"lender_due_binds", "The lender's due date leaves less than the usual time on the hold shelf."},
		{"lender_due_passed", "The lender's due date has passed: ask for a renewal or send it home."},
		{"lender_has_not_refunded", "The patron gets back what the lender gives back."},
		{"lender_not_allowed", "The policy does not let this lender be asked."},
		{"lender_place_excluded", "The library does not request from there."},
		{"lent_by_permission", "It is kept for somebody else, who has allowed this."},
		{"linked_account_blocked", "A linked account is blocked."},
		{"list_is_stale", "The queue has changed since you looked at it. Look again, and arrange it anew."},
		{"long_overdue", "An item is long overdue."},
		{"may_not_change", "Some of it is changed at the desk, for the reasons beside it."},
		{"may_not_check_out", "The checkout is refused, for the reasons beside it."},
		{"may_not_claim", "The claim is refused, for the reasons beside it."},
		{"may_not_disclose", "The record is not shown, for the reasons beside it."},
		{"may_not_donate", "The gift in place of money is refused, for the reasons beside it."},
		{"may_not_fax", "The fax is refused, for the reasons beside it."},
		{"may_not_have_card", "The card is refused, for the reasons beside it."},
		{"may_not_pay_so", "The payment is refused, for the reasons beside it."},
		{"may_not_place_hold", "The hold is refused, for the reasons beside it."},
		{"may_not_refer", "The debt is not handed on, for the reasons beside it."},
		{"may_not_renew", "The renewal is refused, for the reasons beside it."},
		{"may_not_restrict", "Materials may not be kept from this account."},
		{"method_not_taken", "The library does not take this."},
		{"more_than_charged", "No more than what was charged can be taken back."},
		{"more_than_credit", "The account has no such credit."},
		{"more_than_owed", "The payment is more than is owed."},
		{"must_return_to_borrowing_library", "The item is to be handed in where it was borrowed."},
		{"no_card", "There is no card of this library."},
		{"no_collection", "The library hands nothing on for recovery."},
		{"no_copy", "No title of ours matches; scan the copy to send."},
		{"no_copy_available", "No copy can be sent now."},
		{"no_copy_expected", "No copy is expected on the shelf; the hold waits for one to come back."},
		{"no_donation_in_lieu", "A like item is not taken in place of payment."},
		{"no_due_date", "The lender has not said when this item is due; record its due date first."},
		{"no_ill_refund", "Borrowed items are not refunded."},
		{"no_item", "No item is here for this request."},
		{"no_legal_paper", "Records are shown on a legal paper only."},
		{"no_patron", "Who had it is no longer known."},
		{"no_refund", "Lost items are not refunded."},
		{"nobody_to_ask_again", "No lender of this request said when to ask again."},
		{"nobody_to_tell", "No other library is being asked about this request."},
		{"nobody_waits", "Nobody waits for that title here."},
		{"not_a_minor", "This card is for minors."},
		{"not_a_proxy", "A card is used by its holder, or by somebody the holder has named."},
		{"not_borrowed", "That item is the library's own."},
		{"not_counted_as_ill", "A copy of the shared catalogue is not an interlibrary loan: its limits and fees do not apply."},
		{"not_for_guardian", "This is for the patron in person."},
		{"not_for_minor", "The library keeps this material from this account."},
		{"not_for_others", "This is told to the patron only."},
		{"not_for_this_role", "This is for others to do."},
		{"not_found", "There is no such thing here."},
		{"not_identified", "Whoever borrows shows who they are."},
		{"not_in_catalogue", "No copy here or in the shared catalogue can be lent: submit a request instead."},
		{"not_in_this_state", "That is not possible in this state of the request."},
		{"not_in_transit", "That item was not on its way."},
		{"not_kept_in_advance", "What is not given back cannot be kept as credit."},
		{"not_lendable", "This is for use in the library."},
		{"not_lent_here", "That item was borrowed by another library of the catalogue; it is lent at that library's desk."},
		{"not_lost", "That loan is not lost."},
		{"not_now", "That is not possible for the request as it stands."},
		{"not_on_hold_shelf", "That item or hold is not on the hold shelf."},
		{"not_on_loan", "That loan has ended."},
		{"not_our_item", "That item is not ours to lend."},
		{"not_the_checkout_library", "Best handed in where it was checked out. The loan is closed; send the item there."},
		{"not_your_shelf", "The copy belongs to another library; its staff say whether it is there."},
		{"not_yours_to_pass_over", "One of the refusals is for another role to pass over."},
		{"nothing_to_print", "No copy is kept for that hold."},
		{"notice_not_due", "That notice is no longer due."},
		{"offer_not_acceptable", "The lender's offer is not acceptable, for the reasons beside it."},
		{"owes_too_much", "More is owed than the policy lets pass for this act."},
		{"own_card_needed", "Public computers take one's own card."},
		{"own_patrons_wait", "Our own patrons wait for this title."},
		{"parts_missing", "Not all of it came back: put it aside."},
		{"pay_at_once", "That is paid at once, and is not put on the account."},
		{"phone_missing", "A telephone number is needed, or would be."},
		{"phone_not_confirmed", "The telephone number must be confirmed again."},
		{"pin_required", "Asking online needs the PIN."},
		{"price_unknown", "No price of this item is known: enter what it costs."},
		{"promised_elsewhere", "That item is promised to another library."},
		{"purge_not_due", "No rule lets this account go yet."},
		{"reason_missing", "Say why: it is recorded."},
		{"recalled", "Its owner has recalled it."},
		{"refund_too_late", "It came back too late to be refunded."},
		{"renewal_gains_nothing", "A renewal today would not be due later."},
		{"renewal_limit_reached", "It has been renewed as often as it may be."},
		{"renewal_not_expected", "The lender decides, and patrons do not usually get another renewal."},
		{"renewal_pending", "A renewal is already asked; the lender has not answered."},
		{"renewal_refused", "The renewal is refused, for the reasons beside it."},
		{"renewal_window_passed", "A renewal had to be asked by a day that has passed."},
		{"request_refused", "The request cannot be made as it stands."},
		{"review_needed", "It is reviewed first."},
		{"rush_may_cost", "An urgent request may cost something: the patron agrees first."},
		{"rush_not_offered", "Urgent requests are not offered here."},
		{"same_title_open", "The same person already has this title requested or on loan."},
		{"serves_request", "That hold serves a request: change it on the request."},
		{"shelf_not_checked", "Look on the shelves first."},
		{"shelf_time_too_long", "It may not wait on the hold shelf so long."},
		{"state_not_holdable", "An item in this state is not put on hold."},
		{"still_accruing", "A fine still grows on this account."},
		{"still_on_loan", "Take the item back first."},
		{"till_closed", "That till is closed."},
		{"till_open", "A till is open here already; close it first."},
		{"too_much_to_write_off", "The account owes too much to be written off."},
		{"too_soon", "It is too early to renew."},
		{"total_limit_reached", "As many items are out in all as may be."},
		{"type_limit_reached", "As many items of the type are out as may be."},
		{"volume_there", "That item is part of the set already."},
		{"voucher_ended", "That voucher was paid or cancelled already."},
		{"withdrawn", "It is withdrawn: mark it as found to put it back into use, or put it aside."},
	}
}
