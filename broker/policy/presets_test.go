package policy_test

import (
	"errors"
	"slices"
	"testing"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/costs"
	"afield/broker/policy/ill"
	"afield/broker/policy/lending"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
)

func TestEveryPresetReads(t *testing.T) {
	t.Parallel()
	for _, want := range []string{"westport", "westchester", "delaware", "western-district", "perth", "open-lender", "default"} {
		if !slices.Contains(policy.Presets(), want) {
			t.Errorf("no preset called %s", want)
		}
	}
	for _, name := range policy.Presets() {
		if document := policytest.Preset(t, name); document.Name() != name {
			t.Errorf("presets/%s.yaml calls itself %s", name, document.Name())
		}
	}
	var ours *broker.Error
	if _, err := policy.Preset("atlantis"); !errors.As(err, &ours) || ours.Kind != broker.KindNotFound {
		t.Errorf("an unknown preset gave %v, want not found", err)
	}
}

func TestEveryValueHasAClauseOrIsMarkedSilent(t *testing.T) {
	t.Parallel()
	for _, name := range policy.Presets() {
		for _, attribute := range policytest.Preset(t, name).Attributes() {
			clause := attribute.Clause
			if clause.Document == "" || clause.Section == "" || clause.Says == "" {
				t.Errorf("%s %s (%s): clause %+v is not complete", name, attribute.Rule, attribute.When, clause)
			}
			if attribute.From == "default" && !clause.Silent {
				t.Errorf("%s %s: a value of the default document is our choice and must be marked silent", name, attribute.Rule)
			}
		}
	}
}

func TestTheFiveLibrariesRestOnTheirOwnTexts(t *testing.T) {
	t.Parallel()
	// The attributes each text gives; the rest is silence.
	stated := map[string][]string{
		"westport": {
			"signin.patron", "ill.submit_by", "ill.phone_on_file", "ill.queue_order", "ill.expected_wait",
			"ill.arrival_notice", "shelf.days", "shelf.on_expiry", "ill.renewals", "ill.return_place",
		},
		"westchester": {
			"ill.may_ask", "ill.active_limit", "ill.not_owned", "ill.expected_wait", "ill.arrival_notice",
			"blocks.checkout", "blocks.ill_request", "blocks.linked_cards", "ill.fee_pass_on", "ill.renewals", "ill.refund", "fines.overdue",
		},
		"delaware": {
			"ill.submit_by", "ill.not_owned", "ill.shared_catalogue_counts", "blocks.checkout", "blocks.computer",
			"ill.fee_pass_on", "fines.overdue", "loans.renewals",
		},
		"western-district": {
			"ill.may_ask", "ill.not_owned", "ill.shared_catalogue_counts", "ill.one_copy_per_person",
			"ill.expected_wait", "blocks.checkout", "blocks.ill_request", "blocks.renew_overdue", "blocks.sign_for_minor",
			"ill.lender_places", "ill.fee_pass_on", "ill.rush", "shelf.days", "ill.renewal_window", "ill.return_place",
			"ill.lost_charge", "ill.search_days", "ill.refund", "ill.donation_in_lieu", "fines.overdue",
		},
		"perth": {"blocks.checkout", "blocks.expired_card", "blocks.long_overdue", "loans.period", "loans.renewals", "fines.overdue"},
	}
	for name, rules := range stated {
		said := map[string]bool{}
		for _, attribute := range policytest.Preset(t, name).Attributes() {
			if attribute.From != "default" && !attribute.Clause.Silent {
				said[attribute.Rule] = true
			}
		}
		for _, rule := range rules {
			if !said[rule] {
				t.Errorf("%s: %s does not rest on the library's own text", name, rule)
			}
		}
	}
}

func TestActiveStatesAreStatesOfABorrowingRequest(t *testing.T) {
	t.Parallel()
	known := []string{
		"submitted", "needs_review", "routing", "awaiting_cost_approval", "requested",
		"conditional", "waiting_retry", "will_supply", "shipped", "received", "on_hold_shelf", "checked_out",
		"return_due", "return_shipped", "return_unconfirmed", "lost_pending", "cancel_pending",
		"completed", "unfilled", "cancelled", "expired",
	}
	for _, name := range policy.Presets() {
		states := ill.ActiveStates(policytest.Preset(t, name), rule.Match{Owner: rule.OwnerILL, Class: "resident"})
		if !slices.Contains(states, "submitted") || slices.Contains(states, "completed") || slices.Contains(states, "return_due") {
			t.Errorf("%s: active states are %v", name, states)
		}
		for _, state := range states {
			if !slices.Contains(known, state) {
				t.Errorf("%s: %q is no state of a borrowing request", name, state)
			}
		}
	}
}

func TestOtherLibrariesAreNeitherFinedNorBlockedByWhatTheyOwe(t *testing.T) {
	t.Parallel()
	for _, name := range policy.Presets() {
		document := policytest.Preset(t, name)
		terms := costs.ResolveTerms(document, costs.LoanFacts{Match: rule.Match{Owner: rule.OwnerOwn, Class: "library", Item: "dvd"}})
		if !terms.Overdue.Rate.IsZero() {
			t.Errorf("%s fines a borrowing library %s a day", name, terms.Overdue.Rate)
		}
		patron := policy.Patron{Class: "library", Owes: policy.OwedInAll(broker.Money{Minor: 50_000, Currency: document.Currency()})}
		answer := lending.MayCheckOut(document, policy.Moment{}, lending.Checkout{Patron: patron, Owner: rule.OwnerOwn, Lendable: true})
		if !answer.Allowed {
			t.Errorf("%s: %s", name, answer.Explain())
		}
	}
}
