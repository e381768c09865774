package acts

import (
	"context"

	"afield/broker"
	"afield/broker/policy/explain"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/cmd/afield/scenario/language"
	"afield/cmd/afield/scenario/stage"
	"afield/workflow/requests"
)

func ruleActs() []act {
	return []act{
		{word: "explain", says: "Read a rule of the policy: its value for a case, and where it comes from.", fields: []language.Field{
			{Word: "rule", Kind: language.Text, Must: true, Says: "Its id (fines.overdue)."},
			{Word: "class", Kind: language.WordOf(language.WordClass), Says: "For patrons of this class."},
			{Word: "age", Kind: language.Count, Says: "For patrons of this age."},
			{Word: "type", Kind: language.WordOf(language.WordType), Says: "For material of this type."},
			{Word: "audience", Kind: language.OneOf("adult", "teen", "child"), Says: "For material for these readers."},
			{Word: "item_age", Kind: language.OneOf("new", "high_demand"), Says: "For items of this age."},
			{Word: "owner", Kind: language.OneOf("own", "consortium", "ill"), Says: "For items of this owner."},
		}, run: explainRule},
		{word: "preview", says: "Ask what would come of a request, without making it.", fields: []language.Field{
			patronField,
			{Word: "title", Kind: language.Text, Must: true, Says: "The title, as libraries or items name it."},
			{Word: "type", Kind: language.WordOf(language.WordType), Says: "Type of material; book when left out."},
		}, run: preview},
	}
}

// explainRule reads a rule as afield policy explain does.
func explainRule(p *stage.Play, s language.Step) (stage.Result, error) {
	match := rule.Match{
		Owner: rule.Owner(s.Text("owner")), Class: s.Text("class"), Item: s.Text("type"),
		Audience: s.Text("audience"), Age: s.Text("item_age"),
	}
	if s.Has("age") {
		match.PatronAge = rule.Some(s.Count("age"))
	}
	answer, err := explain.Explain(p.Document, explain.Question{Ask: s.Text("rule"), At: p.Now(), Calendar: p.Home.Calendar, Match: match})
	told := map[string]string{"value": answer.Value, "clause": answer.Source.Document + ", " + answer.Source.Section + ": " + answer.Source.Says, "silent": "false"}
	if answer.Source.Silent {
		told["silent"] = "true"
	}
	for _, step := range answer.Steps {
		if step.Decides {
			told["from"] = step.Policy
		}
	}
	return stage.Result{Told: told}, err
}

func preview(p *stage.Play, s language.Step) (stage.Result, error) {
	patron := p.PatronOf(s)
	_, at := p.At(s)
	var outlook requests.Outlook
	err := p.Try(p.Home, func(ctx context.Context, tx *postgres.Tx) error {
		tx.Widen(p.Everyone()...)
		title, err := p.TitleOf(tx, s.Text("title"), s.Text("type"))
		if err != nil {
			return err
		}
		outlook, err = p.Stage.Requests.Preview(ctx, tx, at.Now, at.Actor, requests.Submission{
			Library: p.Home.ID, Patron: patron.ID, Title: title, PickupBranch: p.Home.Branches[language.MainBranch], CardDigits: len(patron.Card), PINGiven: true,
			Citation: broker.Citation{Format: stage.FormatOf(s.Text("type"))},
		})
		return err
	})
	if err != nil {
		return stage.Result{}, err
	}
	return stage.Result{Decision: &outlook.Decision, Told: map[string]string{"wait": waitTold(outlook.Wait)}}, nil
}
