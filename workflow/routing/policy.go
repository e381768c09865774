package routing

import (
	"afield/broker"
	"afield/broker/directory"
	"afield/broker/policy"
	"afield/broker/policy/ill"
	"afield/broker/policy/rule"
)

// FollowPolicy makes a query obey the borrower's policy: which lenders may be
// asked at all, and what part of a price the patron would pay. asked is
// who asks, and for what (ill.Asked).
func (q *Query) FollowPolicy(document *policy.Document, at policy.Moment, asked rule.Match) {
	decided := map[string][]broker.Reason{} // one decision for each place
	q.MayAsk = func(lender directory.Library) []broker.Reason {
		place := lender.Place()
		reasons, known := decided[place]
		if !known {
			reasons = ill.MayAskLender(document, at, ill.Lender{Place: place, Match: asked}).Reasons
			decided[place] = reasons
		}
		return reasons
	}
	q.PassedOn = func(lender directory.Library, asks broker.Money) broker.Money {
		return ill.FeeConsent(document, at, ill.Cost{Amount: &asks, LenderPlace: lender.Place(), Match: asked}).PatronPays
	}
}
