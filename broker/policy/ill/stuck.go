package ill

import (
	"time"

	"afield/broker/policy"
	"afield/broker/policy/rule"
)

// StuckAfter is how many open days a request may stand still before it counts as
// stuck; none where the policy names no number.
func StuckAfter(d *policy.Document) rule.Entry[rule.Optional[int]] {
	return d.Rules().StuckAfter.For(rule.Match{Owner: rule.OwnerILL})
}

// StillSince is the instant up to which the last thing that happened with a
// request makes it stuck: as many whole open days as the policy says lie between
// then and today. Zero where the policy lets a request stand still for ever.
func StillSince(d *policy.Document, at policy.Moment) time.Time {
	at = d.Settle(at)
	days := StuckAfter(d).Value
	if !days.Is {
		return time.Time{}
	}
	return at.Calendar.BeforeOpenDays(at.Calendar.DateOf(at.Now), days.Value).End(at.Calendar.Zone())
}
