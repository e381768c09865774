package explain_test

import (
	"testing"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/explain"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
)

// A question and an attribute are never explained differently: what an attribute
// says when a question is asked is what it says when it is asked for itself.
func TestAQuestionAndAnAttributeAreExplainedAlike(t *testing.T) {
	t.Parallel()
	documents, err := policytest.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for name, document := range documents {
		for _, match := range []rule.Match{
			{Class: "resident", PatronAge: rule.Some(40)},
			{Owner: rule.OwnerConsortium, Class: "minor", PatronAge: rule.Some(12), Item: "dvd", Audience: "child", Age: "new", Channel: rule.ByOnline},
			{Owner: rule.OwnerILL, Class: "resident", Item: "book"},
		} {
			for _, question := range explain.Questions() {
				asked := explain.Question{
					Ask: question, At: policytest.Noon("2026-03-02").Now, Match: match, Due: broker.MustDate("2026-03-01"),
					Owes: broker.Money{Currency: document.Currency()}, Paid: broker.Money{Currency: document.Currency()},
				}
				said := map[string]string{}
				listening := document.Listening(func(heard rule.Attribute) { said[heard.Rule] = heard.Text() + heard.WhereText() })
				if _, err := explain.Explain(listening, asked); err != nil {
					t.Fatal(name, question, err)
				}
				for id, value := range said {
					if len(attributes.AskedWith(id)) == 0 {
						continue
					}
					asked.Ask, asked.Action = id, action(question)
					answer, err := explain.Explain(document, asked)
					if err != nil {
						t.Fatal(name, id, err)
					}
					if alone := decides(answer.Steps); alone != value {
						t.Errorf("%s: asked about %s, %s says %s; asked for itself %s", name, question, id, value, alone)
					}
					compared++
				}
			}
		}
	}
	if compared < 1000 {
		t.Errorf("only %d values were compared", compared)
	}
}

func decides(steps []policy.Step) string {
	for _, step := range steps {
		if step.Decides {
			return step.Entry.Text() + step.Entry.WhereText()
		}
	}
	return ""
}

// action is what somebody wants to do who asks a question.
func action(question string) rule.Action {
	for _, one := range rule.EveryAction() {
		if string(one) == question {
			return one
		}
	}
	return ""
}
