package ill_test

import (
	"testing"
	"time"

	"afield/broker/calendar"
	"afield/broker/policy/ill"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
)

func TestDeadlinesEndOnOpenDaysAtClosing(t *testing.T) {
	t.Parallel()
	library := policytest.Preset(t, "westport")
	// A Saturday; Sunday is closed, so one open day ends on Monday at five.
	got := ill.DeadlineAt(library, policytest.At("2026-03-14", policytest.ClosedSundays(t)), ill.DeadlineReceive)
	policytest.MustBe(t, "receive by", got, time.Date(2026, time.March, 16, 22, 0, 0, 0, time.UTC))
	policytest.MustBe(t, "days to receive", ill.DeadlineSpan(library, ill.DeadlineReceive).Value, rule.Span{Days: 1, Count: calendar.OpenDays})
}

func TestEveryDeadlineHasASpan(t *testing.T) {
	t.Parallel()
	all := []ill.Deadline{
		ill.DeadlineStaff, ill.DeadlineApproval, ill.DeadlineRespond, ill.DeadlineConditional,
		ill.DeadlineRetry, ill.DeadlineShip, ill.DeadlineArrival, ill.DeadlineReceive, ill.DeadlineReturn,
		ill.DeadlineReturnArrival, ill.DeadlineReturnConfirm, ill.DeadlineInvoice, ill.DeadlineCancelAnswer,
		ill.DeadlineRenewalAnswer, ill.DeadlineAnswer, ill.DeadlinePull, ill.DeadlineLendShip,
	}
	for _, deadline := range all {
		span := ill.DeadlineSpan(policytest.Preset(t, "delaware"), deadline)
		if span.Value.Days < 1 || span.Rule != "deadlines."+string(deadline) {
			t.Errorf("%s: %+v", deadline, span)
		}
	}
}
