package routing

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/connectors"
)

// A Monday, eight in the morning in New York.
var monday = time.Date(2026, 8, 3, 12, 0, 0, 0, time.UTC)

var (
	system  = broker.DeriveID("group", "system")
	network = broker.DeriveID("group", "network")
	shared  = broker.DeriveID("realm", "shared catalogue")
)

func dollars(text string) broker.Money {
	money, err := broker.ParseMoney(text, "USD")
	if err != nil {
		panic(err)
	}
	return money
}

func at(degrees float64) *float64 { return &degrees }

// lender makes a candidate that would be asked: active, open every day, one
// copy on the shelf, in the system, lending free of charge.
func lender(name string, changes ...func(*Candidate)) Candidate {
	id := broker.DeriveID("library", name)
	terms := directory.UsualTerms(id, "USD")
	terms.Known, terms.FreeInState = true, true
	candidate := Candidate{
		Lender: directory.Lender{
			Library: directory.Library{
				ID: id, Name: name, State: "NY", Country: "US", Currency: "USD", Status: directory.StatusActive,
				Zone: time.UTC, Calendar: calendar.EveryDay(time.UTC), Latitude: at(44), Longitude: at(-73),
			},
			Terms: terms, Groups: []broker.ID{system}, Protocol: "partner",
		},
		Holder: &catalog.Holder{Library: id, Copies: 1, Lendable: 1, Available: 1, AvailabilityKnown: true},
	}
	for _, change := range changes {
		change(&candidate)
	}
	return candidate
}

func inOhio(c *Candidate)      { c.State, c.Groups = "OH", nil }
func inNetwork(c *Candidate)   { c.Groups = []broker.ID{network} }
func inCatalogue(c *Candidate) { c.SharingGroup = shared }
func stored(c *Candidate) {
	c.Holder = &catalog.Holder{Copies: 1, Lendable: 1, SeenAt: monday}
}

func asking(fee string) func(*Candidate) {
	return func(c *Candidate) { c.Terms.Fee, c.Terms.FreeInState = dollars(fee), false }
}

func saying(owned bool, available int) func(*Candidate) {
	return func(c *Candidate) {
		c.Live = &Live{Availability: connectors.Availability{Owned: owned, Available: available}}
	}
}

// request is a loan for a library that looks at its own shelves, its catalogue,
// its system, its network and everywhere.
func request(changes ...func(*Query)) Query {
	borrower := lender("Borrower", inCatalogue).Library
	query := Query{
		Request: broker.DeriveID("request", "1"), Borrower: borrower, BorrowerGroups: []broker.ID{system, network}, Now: monday,
		Tiers: []directory.Tier{
			{Position: 0, Name: "Own shelves", Members: directory.TierOwn, DaysToRespond: 1, Fulfilment: directory.FulfilHold},
			{Position: 1, Name: "Shared catalogue", Members: directory.TierSharingGroup, DaysToRespond: 2, Fulfilment: directory.FulfilHold},
			{Position: 2, Name: "Local system", Members: directory.TierGroup, Group: system, CostRule: directory.CostFree, DaysToRespond: 4, Fulfilment: directory.FulfilILL},
			{Position: 3, Name: "Network", Members: directory.TierGroup, Group: network, CostRule: directory.CostLenderFee, DaysToRespond: 4, Fulfilment: directory.FulfilILL},
			{Position: 4, Name: "Everywhere", Members: directory.TierEverywhere, CostRule: directory.CostLenderFee, DaysToRespond: 7, Fulfilment: directory.FulfilILL},
		},
	}
	for _, change := range changes {
		change(&query)
	}
	return query
}

func names(rota Rota) []string {
	var all []string
	for _, entry := range rota.Entries {
		all = append(all, entry.Name)
	}
	return all
}

func codes(reasons []broker.Reason) []string {
	var all []string
	for _, reason := range reasons {
		all = append(all, reason.Code)
	}
	return all
}

func TestNearTiersComeFirstWhateverTheScore(t *testing.T) {
	t.Parallel()
	slow := func(c *Candidate) {
		c.Figures = Figures{Filled: 100, Supplied: 100, Refused: 300, AnswerHours: 40000, SupplyDays: 3000}
	}
	rota := Rank(request(), []Candidate{
		lender("free and quick, far", inOhio),
		lender("network", inNetwork),
		lender("Borrower"),
		lender("slow, in the system", slow),
		lender("catalogue", inCatalogue),
	})
	want := []string{"Borrower", "catalogue", "slow, in the system", "network", "free and quick, far"}
	if diff := cmp.Diff(want, names(rota)); diff != "" {
		t.Error(diff)
	}
	for i, entry := range rota.Entries {
		if entry.Tier != i {
			t.Errorf("%s is in tier %d", entry.Name, entry.Tier)
		}
	}
	if rota.Entries[0].Fulfilment != directory.FulfilHold || rota.Entries[2].Fulfilment != directory.FulfilILL || rota.Entries[4].DaysToRespond != 7 {
		t.Errorf("%+v", rota.Entries)
	}
}

func TestWithinATierEachFactorDecidesAmongEquals(t *testing.T) {
	t.Parallel()
	for factor, pair := range map[string][2]func(*Candidate){
		"cost":       {asking("3.00"), asking("9.00")},
		"turnaround": {func(c *Candidate) { c.Figures = Figures{Filled: 30, Supplied: 30, AnswerHours: 300, SupplyDays: 60} }, func(c *Candidate) { c.Figures = Figures{Filled: 30, Supplied: 30, AnswerHours: 3000, SupplyDays: 300} }},
		"fill_rate":  {func(c *Candidate) { c.Figures = Figures{Filled: 20} }, func(c *Candidate) { c.Figures = Figures{Silent: 20} }},
		"queue":      {func(c *Candidate) { c.Figures.Open = 0 }, func(c *Candidate) { c.Figures.Open = 40 }},
		"balance":    {func(c *Candidate) { c.Balance = -20 }, func(c *Candidate) { c.Balance = 20 }},
		"distance":   {func(c *Candidate) { c.Latitude = at(44.1) }, func(c *Candidate) { c.Latitude = at(25) }},
		"uncertain":  {func(*Candidate) {}, stored},
	} {
		better, worse := lender("better", inOhio, pair[0]), lender("worse", inOhio, pair[1])
		rota := Rank(request(), []Candidate{worse, better})
		if len(rota.Entries) != 2 || rota.Entries[0].Name != "better" {
			t.Errorf("%s: %v", factor, names(rota))
			continue
		}
		if !slices.Contains(codes(rota.Entries[1].Why), factor) {
			t.Errorf("%s: not among the reasons %v", factor, codes(rota.Entries[1].Why))
		}
	}
}

func TestALenderNobodyKnowsIsNeitherBestNorWorst(t *testing.T) {
	t.Parallel()
	proven := lender("proven", func(c *Candidate) { c.Figures = Figures{Filled: 95, Refused: 5} })
	failing := lender("failing", func(c *Candidate) { c.Figures = Figures{Filled: 5, Silent: 95} })
	unlucky := lender("one refusal", func(c *Candidate) { c.Figures = Figures{Refused: 1, AnswerHours: 48} })
	rota := Rank(request(), []Candidate{failing, unlucky, proven, lender("unknown")})
	want := []string{"proven", "unknown", "one refusal", "failing"}
	if diff := cmp.Diff(want, names(rota)); diff != "" {
		t.Error(diff)
	}
}

func TestEveryReasonAgainstALenderIsNamed(t *testing.T) {
	t.Parallel()
	only48 := func(q *Query) {
		q.MayAsk = func(lender directory.Library) []broker.Reason {
			if lender.State == "AK" {
				return []broker.Reason{{Code: "lender_place_excluded"}}
			}
			return nil
		}
	}
	onlyTier := func(members directory.TierMembers) func(*Query) {
		return func(q *Query) {
			q.Tiers = slices.DeleteFunc(q.Tiers, func(tier directory.Tier) bool { return tier.Members != members })
		}
	}
	ceiling := func(q *Query) { most := dollars("5.00"); q.Ceiling = &most }
	onlyBook := func(c *Candidate) { c.Terms.Formats = []broker.Format{broker.FormatBook} }
	paused := func(c *Candidate) {
		c.Terms.PausedFrom, c.Terms.PausedUntil = broker.MustDate("2026-08-01"), broker.MustDate("2026-08-09")
	}
	shut := func(c *Candidate) {
		shut, err := calendar.New("UTC", calendar.Plan{Closed: []calendar.Closure{{From: broker.MustDate("2026-08-01"), To: broker.MustDate("2026-08-20"), Reason: "moving"}}})
		if err != nil {
			t.Fatal(err)
		}
		c.Calendar = shut
	}
	none := func(*Query) {}
	cases := map[string]struct {
		query func(*Query)
		who   Candidate
		want  []string
	}{
		"in no tier":                 {onlyTier(directory.TierGroup), lender("A", inOhio), []string{CodeOutOfReach}},
		"itself without own shelves": {onlyTier(directory.TierEverywhere), lender("Borrower"), []string{CodeBorrowerItself}},
		"its tier was used up":       {func(q *Query) { q.FromTier = 3 }, lender("A"), []string{CodeTierUsedUp}},
		"asked already":              {func(q *Query) { q.Asked = map[broker.ID]string{lender("A").ID: "refused"} }, lender("A"), []string{CodeAlreadyAsked}},
		"suspended":                  {none, lender("A", func(c *Candidate) { c.Status = directory.StatusSuspended }), []string{CodeNotActive}},
		"connection paused":          {none, lender("A", func(c *Candidate) { c.Paused = true }), []string{CodePeerPaused}},
		"lending paused":             {none, lender("A", paused), []string{CodeLendingPaused}},
		"closed for weeks":           {none, lender("A", shut), []string{CodeClosed}},
		"does not lend":              {none, lender("A", func(c *Candidate) { c.Terms.Lends = false }), []string{CodeDoesNotLend}},
		"does not lend this format":  {func(q *Query) { q.Format = broker.FormatGame }, lender("A"), []string{CodeFormatNotLent}},
		"an article as a loan":       {func(q *Query) { q.Format = broker.FormatArticle }, lender("A"), []string{CodeNotReturnable}},
		"a copy as a hold":           {func(q *Query) { q.Service = ServiceCopy }, lender("A", inCatalogue), []string{CodeNotByHold}},
		"copies are not lent":        {func(q *Query) { q.Service = ServiceCopy }, lender("A", onlyBook), []string{CodeFormatNotLent}},
		"it just said it has none":   {none, lender("A", saying(false, 0)), []string{CodeNotOwned}},
		"it just said all are out":   {none, lender("A", saying(true, 0)), []string{CodeNoneAvailable}},
		"on loan, and back on a day": {none, lender("A", func(c *Candidate) {
			c.Live = &Live{Availability: connectors.Availability{Owned: true, Due: broker.NewDate(2026, 9, 1), Note: "2 on loan"}}
		}), []string{CodeNoneAvailable}},
		"not known, and could not say": {none, lender("A", func(c *Candidate) { c.Holder, c.Live = nil, &Live{Problem: "no answer within 3s"} }), []string{CodeNotKnownToOwn}},
		"not known":                    {none, lender("A", func(c *Candidate) { c.Holder = nil }), []string{CodeNotKnownToOwn}},
		"library use only":             {none, lender("A", func(c *Candidate) { c.Holder.Lendable, c.Holder.Available = 0, 0 }), []string{CodeNotLendable}},
		"all copies out":               {none, lender("A", func(c *Candidate) { c.Holder.Available = 0 }), []string{CodeNoneAvailable}},
		"outside the 48 states":        {only48, lender("A", func(c *Candidate) { c.State = "AK" }), []string{"lender_place_excluded"}},
		"dearer than agreed":           {ceiling, lender("A", inOhio, asking("5.01")), []string{CodeAboveCeiling}},
		"several at once":              {ceiling, lender("A", inOhio, asking("9.00"), shut, paused, func(c *Candidate) { c.Holder.Available = 0 }), []string{CodeLendingPaused, CodeClosed, CodeNoneAvailable, CodeAboveCeiling}},
	}
	for name, c := range cases {
		rota := Rank(request(c.query), []Candidate{c.who})
		if len(rota.Entries) != 0 || len(rota.PassedOver) != 1 {
			t.Errorf("%s: was not passed over", name)
			continue
		}
		if diff := cmp.Diff(c.want, codes(rota.PassedOver[0].Reasons)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for _, reason := range rota.PassedOver[0].Reasons {
			if reason.Code != "lender_place_excluded" && (reason.Message == "" || reason.Rule == "") {
				t.Errorf("%s: %s says nothing", name, reason.Code)
			}
		}
	}
}

func TestWhatDoesNotSpeakAgainstALender(t *testing.T) {
	t.Parallel()
	exactly := func(q *Query) { most := dollars("5.00"); q.Ceiling = &most }
	westchester := func(q *Query) {
		exactly(q)
		q.PassedOn = func(directory.Library, broker.Money) broker.Money { return dollars("0.00") }
	}
	for name, c := range map[string]struct {
		query func(*Query)
		who   Candidate
	}{
		"a price at exactly the ceiling": {exactly, lender("A", inOhio, asking("5.00"))},
		"a price that is not passed on":  {westchester, lender("A", inOhio, asking("50.00"))},
		"a price nobody knows yet":       {exactly, lender("A", inOhio, func(c *Candidate) { c.Terms.Known, c.Terms.FreeInState = false, false })},
		"closed today, open tomorrow": {func(*Query) {}, lender("A", func(c *Candidate) {
			c.Calendar, _ = calendar.New("UTC", calendar.Plan{Hours: calendar.Week{time.Tuesday: calendar.MustHours("09:00-17:00")}})
		})},
		"terms, where the catalogue's rules count": {func(q *Query) { q.Format = broker.FormatGame }, lender("A", inCatalogue, func(c *Candidate) { c.Terms.Lends = false })},
		"a stored count against a fresh answer":    {func(*Query) {}, lender("A", func(c *Candidate) { c.Holder.Available = 0 }, saying(true, 2))},
		"a pause of lending, on one's own shelves": {func(*Query) {}, lender("Borrower", func(c *Candidate) { c.Terms.PausedFrom = broker.MustDate("2026-01-01") })},
	} {
		if rota := Rank(request(c.query), []Candidate{c.who}); len(rota.Entries) != 1 {
			t.Errorf("%s: passed over for %v", name, codes(rota.PassedOver[0].Reasons))
		}
	}
}

func TestWhatALenderAsksAndWhatIsPassedOn(t *testing.T) {
	t.Parallel()
	quoted := dollars("7.00")
	liveQuote := func(c *Candidate) {
		c.Live = &Live{Availability: connectors.Availability{Owned: true, Available: 1, Cost: &quoted}}
	}
	half := func(q *Query) {
		q.PassedOn = func(_ directory.Library, asks broker.Money) broker.Money {
			return broker.Money{Minor: asks.Minor / 2, Currency: asks.Currency}
		}
	}
	freeFor := func(c *Candidate) { c.Terms.FreeGroups = []broker.ID{network} }
	for name, c := range map[string]struct {
		who          Candidate
		cost, patron string
		known        bool
	}{
		"a hold in the shared catalogue": {lender("A", inCatalogue, asking("9.00")), "0.00 USD", "0.00 USD", true},
		"a tier that is free":            {lender("A", asking("9.00")), "0.00 USD", "0.00 USD", true},
		"by its terms":                   {lender("A", inOhio, asking("9.00")), "9.00 USD", "4.50 USD", true},
		"free for our network":           {lender("A", inOhio, asking("9.00"), freeFor), "0.00 USD", "0.00 USD", true},
		"what it said just now":          {lender("A", inOhio, asking("9.00"), liveQuote), "7.00 USD", "3.50 USD", true},
		"said even where it is free":     {lender("A", liveQuote), "7.00 USD", "3.50 USD", true},
		"never said":                     {lender("A", inOhio, func(c *Candidate) { c.Terms = directory.UsualTerms(c.ID, "USD") }), "0.00 USD", "0.00 USD", false},
	} {
		entry := Rank(request(half), []Candidate{c.who}).Entries[0]
		if entry.Cost.String() != c.cost || entry.PatronCost.String() != c.patron || entry.CostKnown != c.known {
			t.Errorf("%s: asks %s, patron %s, known %v", name, entry.Cost, entry.PatronCost, entry.CostKnown)
		}
	}
}

func TestAPriceInAnotherCurrencyGoesToStaffAfterAllOthers(t *testing.T) {
	t.Parallel()
	canadian := lender("Canadian", inOhio, func(c *Candidate) {
		c.Country, c.State = "CA", "ON"
		c.Terms.Fee = broker.Money{Minor: 100, Currency: "CAD"}
	})
	rota := Rank(request(), []Candidate{canadian, lender("dear", inOhio, asking("90.00"), stored)})
	if diff := cmp.Diff([]string{"dear", "Canadian"}, names(rota)); diff != "" {
		t.Fatal(diff)
	}
	last := rota.Entries[1]
	if last.Fulfilment != directory.FulfilStaff || last.CostKnown || last.Cost.String() != "1.00 CAD" || !slices.Contains(codes(last.Why), CodeForeignCurrency) {
		t.Errorf("%+v", last)
	}
}

func TestWhyIsReadableWithTheWeightiestFirst(t *testing.T) {
	t.Parallel()
	entry := Rank(request(func(q *Query) { q.NeedBy = broker.MustDate("2026-08-05") }),
		[]Candidate{lender("A", inOhio, asking("10.00"), stored, func(c *Candidate) { c.Balance = 10 })}).Entries[0]
	var text []string
	for _, reason := range entry.Why {
		text = append(text, reason.Message)
	}
	want := []string{
		"In tier 5 of 5, Everywhere; a lender there has 7 days to answer.",
		"Known on 2026-08-03 to own 1 copy.",
		"Asks 10.00 USD (by its lending terms), of which the patron would pay 10.00: 20.0 of 40 points against it.",
		"Expected 5 days after the need-by date 2026-08-05: 15.0 of 15 points against it.",
		"Expected in about 7 days (not asked before, so the usual is assumed): 12.5 of 25 points against it.",
		"Says yes to 60 in 100 (not asked before, so the usual is assumed): 8.0 of 20 points against it.",
		"Whether a copy is in is not known: 8.0 of 8 points against it.",
		"Lately lent us about 10 more than we lent it: 4.5 of 5 points against it.",
		"Has 0 requests in hand: nothing against it.",
		"0 km away: nothing against it.",
	}
	if diff := cmp.Diff(want, text); diff != "" {
		t.Error(diff)
	}
}

func TestEqualsShareTheLoad(t *testing.T) {
	t.Parallel()
	equals := []Candidate{lender("A"), lender("B"), lender("C"), lender("D")}
	first := map[string]int{}
	for i := range 400 {
		query := request(func(q *Query) { q.Request = broker.DeriveID("request", fmt.Sprint(i)) })
		first[Rank(query, equals).Entries[0].Name]++
	}
	for name, times := range first {
		if times < 60 || times > 140 {
			t.Errorf("%s was first %d times of 400", name, times)
		}
	}
	if len(first) != 4 {
		t.Errorf("only %v were ever first", first)
	}
}

// someCandidates makes any mixture of lenders, each once.
func someCandidates(t *rapid.T) []Candidate {
	count := rapid.IntRange(0, 12).Draw(t, "count")
	var all []Candidate
	for i := range count {
		all = append(all, lender(fmt.Sprintf("library %d", i), func(c *Candidate) {
			c.State = rapid.SampledFrom([]string{"NY", "OH", "AK", ""}).Draw(t, "state")
			c.Groups = rapid.SampledFrom([][]broker.ID{nil, {system}, {network}, {system, network}}).Draw(t, "groups")
			c.Status = rapid.SampledFrom([]directory.Status{"active", "active", "suspended"}).Draw(t, "status")
			c.Terms.Fee = broker.Money{Minor: rapid.Int64Range(0, 3000).Draw(t, "fee"), Currency: rapid.SampledFrom([]string{"USD", "USD", "CAD"}).Draw(t, "currency")}
			c.Terms.Known = rapid.Bool().Draw(t, "terms known")
			c.Terms.Lends = rapid.Bool().Draw(t, "lends")
			c.Holder.Available = rapid.IntRange(0, 1).Draw(t, "available")
			c.Figures = Figures{Filled: rapid.Int64Range(0, 50).Draw(t, "filled"), Silent: rapid.Int64Range(0, 50).Draw(t, "silent"), Open: rapid.IntRange(0, 30).Draw(t, "open")}
			c.Balance = rapid.Float64Range(-30, 30).Draw(t, "balance")
			if rapid.Bool().Draw(t, "place unknown") {
				c.Latitude = nil
			}
		}))
	}
	return all
}

func TestTheOrderGivenNeverMatters(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		candidates := someCandidates(t)
		shuffled := rapid.Permutation(candidates).Draw(t, "shuffled")
		if diff := cmp.Diff(Rank(request(), candidates), Rank(request(), shuffled)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestEveryCandidateComesOutOnceAndInTierOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		candidates := someCandidates(t)
		rota := Rank(request(), candidates)
		seen := map[broker.ID]int{}
		for i, entry := range rota.Entries {
			seen[entry.Lender]++
			if len(entry.Why) < 3 {
				t.Fatalf("%s has no reasons", entry.Name)
			}
			if i > 0 && !inOrder(rota.Entries[i-1], entry) {
				t.Fatalf("%s and %s are not in order", rota.Entries[i-1].Name, entry.Name)
			}
		}
		for _, passed := range rota.PassedOver {
			seen[passed.Lender]++
			if len(passed.Reasons) == 0 {
				t.Fatalf("%s is passed over without a reason", passed.Name)
			}
		}
		for _, candidate := range candidates {
			if seen[candidate.ID] != 1 {
				t.Fatalf("%s came out %d times", candidate.Name, seen[candidate.ID])
			}
		}
		if len(seen) != len(candidates) {
			t.Fatal("somebody came out who did not go in")
		}
	})
}

// inOrder tells whether two entries may follow each other: nearer tier first,
// in a tier staff's last, then the lower score to within a point.
func inOrder(a, b Entry) bool {
	if a.Tier != b.Tier {
		return a.Tier < b.Tier
	}
	if foreignA, foreignB := a.Cost.Currency == "CAD", b.Cost.Currency == "CAD"; foreignA != foreignB {
		return foreignB
	}
	return a.Score < b.Score+1
}

func TestCheaperIsNeverWorse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		candidates := someCandidates(t)
		if len(candidates) == 0 {
			return
		}
		position := func(candidates []Candidate) int {
			return slices.Index(names(Rank(request(), candidates)), "library 0")
		}
		before := position(candidates)
		candidates[0].Terms.Fee.Minor /= 2
		if after := position(candidates); before >= 0 && after > before && candidates[0].Terms.Fee.Currency == "USD" {
			t.Fatalf("halving its price moved it from %d to %d", before, after)
		}
	})
}

func TestPreviewSumsUp(t *testing.T) {
	t.Parallel()
	own := lender("Borrower", func(c *Candidate) { c.Holder.Copies, c.Holder.Available = 2, 0 })
	outlook := Preview(request(), []Candidate{
		own, lender("A"), lender("B", func(c *Candidate) { c.Terms.Lends = false }),
		lender("C", inOhio, saying(false, 0)), lender("D", inOhio, asking("4.00")),
	})
	if outlook.LocalCopies != 2 || outlook.LocalAvailable != 0 || outlook.Likely.Name != "A" {
		t.Errorf("%+v", outlook)
	}
	var lines []string
	for _, tier := range outlook.Tiers {
		lines = append(lines, fmt.Sprintf("%s %d/%d", tier.Name, tier.Askable, tier.Holders))
	}
	if got := strings.Join(lines, ", "); got != "Own shelves 0/1, Shared catalogue 0/0, Local system 1/2, Network 0/0, Everywhere 1/1" {
		t.Error(got)
	}
}

func TestOnlyTheFirstComeOutAndTheRestIsCounted(t *testing.T) {
	t.Parallel()
	candidates := []Candidate{lender("A"), lender("B", inOhio), lender("C", inNetwork), lender("D", func(c *Candidate) { c.Paused = true })}
	whole := Rank(request(), candidates)
	rota := Rank(request(func(q *Query) { q.Most = 2 }), candidates)
	if diff := cmp.Diff(whole.Entries[:2], rota.Entries); diff != "" || rota.EntriesLeft != 1 || len(rota.PassedOver) != 1 || rota.PassedOverLeft != 0 {
		t.Errorf("%+v%s", rota, diff)
	}
	if whole.EntriesLeft != 0 || len(whole.Entries) != 3 {
		t.Errorf("%+v", whole)
	}
}

func TestABalanceIsHalvedEveryNinetyDays(t *testing.T) {
	t.Parallel()
	if got := Decayed(8, monday, monday.Add(2*HalfLife)); got != 2 {
		t.Errorf("8 became %v", got)
	}
	if got := Decayed(8, monday, monday.Add(-time.Hour)); got != 8 {
		t.Errorf("looking back, 8 became %v", got)
	}
}

func BenchmarkRank(b *testing.B) {
	for _, count := range []int{7, 800} {
		var candidates []Candidate
		for i := range count {
			candidates = append(candidates, lender(fmt.Sprintf("library %d", i), inOhio, asking(fmt.Sprintf("%d.00", i%20))))
		}
		query := request(func(q *Query) { q.Most = 20 })
		b.Run(fmt.Sprintf("%d holders", count), func(b *testing.B) {
			for b.Loop() {
				Rank(query, candidates)
			}
		})
	}
}
