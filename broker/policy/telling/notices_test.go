package telling_test

import (
	"testing"
	"time"

	"afield/broker/policy/policytest"
	"afield/broker/policy/telling"
)

func TestQuietHoursPutACallOffUntilTheyEnd(t *testing.T) {
	t.Parallel()
	document := policytest.WithRules(t, "notices.quiet_hours", `{from: "21:00", until: "08:00"}`)
	opening := policytest.OpenOn(t, nil)
	for clockTime, want := range map[[2]int]string{{7, 59}: "2026-03-02 08:00", {8, 0}: "2026-03-02 08:00", {20, 59}: "2026-03-02 20:59", {21, 0}: "2026-03-03 08:00"} {
		got := telling.MayCallAt(document, policytest.Clock("2026-03-02", clockTime[0], clockTime[1], opening))
		policytest.MustBe(t, "may call at", got.In(time.UTC).Format("2006-01-02 15:04"), want)
	}
}
