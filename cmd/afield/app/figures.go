package app

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// stuckAge is how long a count of stuck requests is given again before it is
// counted anew, so that reading the metrics often costs nothing.
const stuckAge = 15 * time.Second

// stuckFigure counts the requests that do not get on, when the metrics are read;
// not a number where they cannot be counted.
func (a *App) stuckFigure() prometheus.Collector {
	var reading sync.Mutex
	var last float64
	var until time.Time
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "afield_requests_stuck",
		Help: "Open requests that do not get on: past their deadline, or without an event for as long as their library's policy allows.",
	}, func() float64 {
		reading.Lock()
		defer reading.Unlock()
		if time.Now().Before(until) {
			return last
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		count, err := a.Requests.CountStuck(ctx, a.DB, a.Clock.Now())
		if err != nil {
			a.log.Warn("stuck requests could not be counted", "error", err)
			return math.NaN()
		}
		last, until = float64(count), time.Now().Add(stuckAge)
		return last
	})
}
