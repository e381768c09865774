package scenario

import (
	"context"

	"afield/broker"
	"afield/broker/policy/explain"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/workflow/requests"
)

func ruleActs() []act {
	return []act{
		{word: "explain", says: "Read a rule of the policy: its value for a case, and where it comes from.", fields: []field{
			{word: "rule", kind: textKind, must: true, says: "Its id (fines.overdue)."},
			{word: "class", kind: wordOf(wordClass), says: "For patrons of this class."},
			{word: "age", kind: countKind, says: "For patrons of this age."},
			{word: "type", kind: wordOf(wordType), says: "For material of this type."},
			{word: "audience", kind: oneOf("adult", "teen", "child"), says: "For material for these readers."},
			{word: "item_age", kind: oneOf("new", "high_demand"), says: "For items of this age."},
			{word: "owner", kind: oneOf("own", "consortium", "ill"), says: "For items of this owner."},
		}, run: (*play).explain},
		{word: "preview", says: "Ask what would come of a request, without making it.", fields: []field{
			patronField,
			{word: "title", kind: textKind, must: true, says: "The title, as libraries or items name it."},
			{word: "type", kind: wordOf(wordType), says: "Type of material; book when left out."},
		}, run: (*play).preview},
	}
}

// explain reads a rule as afield policy explain does.
func (p *play) explain(s step) (result, error) {
	match := rule.Match{
		Owner: rule.Owner(s.text("owner")), Class: s.text("class"), Item: s.text("type"),
		Audience: s.text("audience"), Age: s.text("item_age"),
	}
	if s.has("age") {
		match.PatronAge = rule.Some(s.count("age"))
	}
	answer, err := explain.Explain(p.document, explain.Question{Ask: s.text("rule"), At: p.now(), Calendar: p.home.Calendar, Match: match})
	told := map[string]string{"value": answer.Value, "clause": answer.Source.Document + ", " + answer.Source.Section + ": " + answer.Source.Says, "silent": "false"}
	if answer.Source.Silent {
		told["silent"] = "true"
	}
	for _, step := range answer.Steps {
		if step.Decides {
			told["from"] = step.Policy
		}
	}
	return result{told: told}, err
}

func (p *play) preview(s step) (result, error) {
	patron := p.patronOf(s)
	_, at := p.at(s)
	var outlook requests.Outlook
	err := p.try(p.home, func(ctx context.Context, tx *postgres.Tx) error {
		tx.Widen(p.everyone()...)
		title, err := p.titleOf(tx, s.text("title"), s.text("type"))
		if err != nil {
			return err
		}
		outlook, err = p.Stage.requests.Preview(ctx, tx, at.Now, at.Actor, requests.Submission{
			Library: p.home.ID, Patron: patron.ID, Title: title, PickupBranch: p.home.branches[mainBranch], CardDigits: len(patron.card), PINGiven: true,
			Citation: broker.Citation{Format: formatOf(s.text("type"))},
		})
		return err
	})
	if err != nil {
		return result{}, err
	}
	return result{decision: &outlook.Decision, told: map[string]string{"wait": waitTold(outlook.Wait)}}, nil
}
