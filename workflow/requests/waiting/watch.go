package waiting

import (
	"context"
	"fmt"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/broker/postgres"
	"afield/workflow/requests/tasks"
)

// mostStranded is how many holds are told at a time that no copy can fill them;
// the night goes on with the rest.
const mostStranded = 200

// Watch looks after the queues of some titles at a library, after an act that
// may have taken their last copy or brought one back; none means all its queues.
// Holds that no copy can fill any more keep their places: there is one task for
// the title, closed by itself when a copy can come, and their patrons are told.
// A hold that serves a request ends, and is given back so that the request looks
// elsewhere. It also returns how many holds were found to be stranded.
func (r Room) Watch(ctx context.Context, tx *postgres.Tx, now time.Time, library broker.ID, titles ...broker.ID) (count int, served []holds.Hold, err error) {
	titles = slices.DeleteFunc(titles, func(title broker.ID) bool { return title == broker.NoID })
	tx.Widen(library)
	found, err := holds.Watch(ctx, tx, library, titles, now, mostStranded)
	if err != nil || len(found.Titles) == 0 {
		return 0, nil, err
	}
	told, served := split(found.Stranded)
	for i, hold := range served {
		served[i] = holds.Unfill(tx, hold, now)
	}
	if err := task(ctx, tx, now, library, found, told); err != nil {
		return 0, nil, err
	}
	return len(found.Stranded), served, r.Tell(ctx, tx, now, told)
}

// split divides holds into those whose patrons are told, and those that serve a
// request.
func split(stranded []holds.Hold) (told, served []holds.Hold) {
	for _, hold := range stranded {
		if hold.Request == broker.NoID {
			told = append(told, hold)
		} else {
			served = append(served, hold)
		}
	}
	return told, served
}

// task opens a task for each title for which somebody waits in vain, and closes
// those that have settled themselves.
func task(ctx context.Context, tx *postgres.Tx, now time.Time, library broker.ID, found holds.Watched, told []holds.Hold) error {
	var opened []broker.ID
	waiting := map[broker.ID]int{}
	for _, hold := range told {
		if waiting[hold.Title]++; waiting[hold.Title] == 1 {
			opened = append(opened, hold.Title)
		}
	}
	for title, stranded := range found.Titles {
		if !stranded {
			tasks.SettleForTitle(tx, library, title, tasks.NoCopy, now)
		}
	}
	if len(opened) == 0 {
		return nil
	}
	named, err := catalog.TitlesByID(ctx, tx, opened)
	if err != nil {
		return err
	}
	for _, title := range opened {
		tasks.OpenForTitle(tx, library, title, tasks.NoCopy, fmt.Sprintf(
			"No copy of %q can fill the holds that wait for it: buy one, ask another library, or speak with those who wait.", named[title].Title), now)
	}
	return nil
}
