package jobs

import (
	"context"
	"slices"
	"sync"

	"github.com/riverqueue/river/rivertype"
)

// finishedKept is more jobs than end within one flush of River's completions.
const finishedKept = 1024

// finished remembers the last jobs whose work succeeded. River notes that in
// the database up to a quarter of a second later, which matters only to whoever
// waits for everything to be done.
type finished struct {
	mu   sync.Mutex
	last []int64
}

// IsMiddleware marks finished as a middleware of River.
func (*finished) IsMiddleware() bool { return true }

// Work does the job's work and remembers the job when that is done.
func (f *finished) Work(ctx context.Context, job *rivertype.JobRow, work func(context.Context) error) error {
	if err := work(ctx); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.last) == finishedKept {
		f.last = slices.Delete(f.last, 0, finishedKept/2)
	}
	f.last = append(f.last, job.ID)
	return nil
}

func (f *finished) jobs() []int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.last)
}
