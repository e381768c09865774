package routing

// Weights says how much each factor counts in the order of a tier. Every factor
// is first brought to a number from 0 (best) to 1 (worst); the score is the sum
// of weight × factor. Scores are compared in whole points: a smaller difference
// is none, and chance decides (fairly: by request and lender, so that load
// spreads and yet the same facts always give the same order).
type Weights struct {
	// Cost: c/(c+CostHalf). Money matters most, because the question at every
	// desk is whether somebody must pay.
	Cost float64
	// CostHalf is the price, in minor units, that counts half of Cost.
	CostHalf float64
	// UnknownCost is the price assumed, in minor units, of a lender that never
	// said what it asks.
	UnknownCost float64

	// Turnaround: d/(d+DaysHalf), d the days from asking to arrival.
	Turnaround float64
	DaysHalf   float64

	// FillRate: 1 − the chance that it says yes.
	FillRate float64

	// Queue: q/(q+QueueHalf), q the requests it has in hand.
	Queue     float64
	QueueHalf float64

	// Balance: near 1 for one that lent us much more than it got back, ½ when
	// even, near 0 for one that owes us; BalanceScale loans make it ¾.
	Balance      float64
	BalanceScale float64

	// Distance: k/(k+DistanceHalf), k in kilometres; ½ when not known.
	Distance     float64
	DistanceHalf float64

	// Uncertain is added when nobody knows whether a copy is in, and Late when
	// the item is not expected by the need-by date.
	Uncertain, Late float64

	// The prior: what is assumed of a lender nobody knows, worth as much as
	// this many observations. It keeps one lucky answer from making a lender
	// the best, and one unlucky answer from ruining it.
	PriorAnswers     float64
	PriorFillRate    float64 // of PriorAnswers
	PriorAnswerHours float64 // hours from asking to answer
	PriorSupplyDays  float64 // days from yes to arrival
}

// UsualWeights are the weights in use: 40 for cost, 25 for turnaround, 20 for
// fill rate, 5 each for the rest.
func UsualWeights() Weights {
	return Weights{
		Cost: 40, CostHalf: 1000, UnknownCost: 1500,
		Turnaround: 25, DaysHalf: 7,
		FillRate: 20,
		Queue:    5, QueueHalf: 10,
		Balance: 5, BalanceScale: 5,
		Distance: 5, DistanceHalf: 500,
		Uncertain: 8, Late: 15,
		PriorAnswers: 10, PriorFillRate: 0.6, PriorAnswerHours: 48, PriorSupplyDays: 5,
	}
}
