package scenario

import (
	"context"
	"errors"
	"sync"

	"afield/broker/postgres"
	"afield/cmd/afield/scenario/language"
	"afield/cmd/afield/scenario/stage"
)

// Summary is how a whole run came out.
type Summary struct {
	Scenarios int                `json:"scenarios"`
	Passed    int                `json:"passed"`
	Failed    int                `json:"failed"`
	Unread    int                `json:"unread"` // files that could not be read
	Results   []Result           `json:"results"`
	Mistakes  []language.Mistake `json:"mistakes,omitempty"`
}

// OK tells whether everything came out as expected.
func (s Summary) OK() bool { return s.Failed == 0 && s.Unread == 0 }

// Run plays every scenario of some files, on several stages in parallel, each
// with a database of its own, and gives the results in the order of the files.
// done is called with each as it ends, one at a time; it may be nil.
func Run(ctx context.Context, databases []*postgres.DB, files []File, done func(Result)) (Summary, error) {
	var summary Summary
	type turn struct {
		at       int
		scenario *language.Scenario
	}
	var turns []turn
	for _, file := range files {
		if len(file.Mistakes) > 0 {
			summary.Unread++
			summary.Mistakes = append(summary.Mistakes, file.Mistakes...)
		}
		for _, scenario := range file.Scenarios {
			turns = append(turns, turn{len(turns), scenario})
		}
	}
	summary.Results = make([]Result, len(turns))
	queue := make(chan turn, len(turns))
	for _, turn := range turns {
		queue <- turn
	}
	close(queue)
	var (
		working sync.WaitGroup
		told    sync.Mutex
		faults  = make([]error, len(databases))
	)
	for i, db := range databases {
		working.Add(1)
		go func() {
			defer working.Done()
			stage, err := stage.New(db)
			if err != nil {
				faults[i] = err
				return
			}
			for turn := range queue {
				if ctx.Err() != nil {
					return
				}
				result := playOn(ctx, stage, turn.scenario)
				told.Lock()
				summary.Results[turn.at] = result
				if done != nil && ctx.Err() == nil {
					done(result)
				}
				told.Unlock()
			}
		}()
	}
	working.Wait()
	if err := errors.Join(append(faults, ctx.Err())...); err != nil {
		return Summary{}, err
	}
	for _, result := range summary.Results {
		summary.Scenarios++
		if result.OK {
			summary.Passed++
		} else {
			summary.Failed++
		}
	}
	return summary, nil
}
