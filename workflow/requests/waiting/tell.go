package waiting

import (
	"context"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/holds"
	"afield/broker/notices"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/rule"
	"afield/broker/policy/telling"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// messageOfHold is what a patron is told about what just became of a hold;
// known is false where there is nothing to tell.
func messageOfHold(hold holds.Hold, now time.Time) (message notices.Message, known bool) {
	message = notices.Message{Hold: hold.ID, Facts: notices.Facts{PickUpBy: hold.PickUpBy}}
	switch {
	case hold.Status == holds.OnHoldShelf && hold.OnShelfAt.Equal(now):
		message.Kind, message.Cause = notices.Arrived, "arrived:"+hold.ID.String()+":"+hold.PickUpBy.String()
	case hold.Status == holds.Expired: // told once, however long ago its time was over
		message.Kind, message.Cause = notices.Expired, "expired:"+hold.ID.String()
		message.Facts.PickUpBy = broker.Date{}
	case hold.Status == holds.Unfilled && hold.ClosedAt.Equal(now):
		message.Kind, message.Cause = notices.Unfilled, "unfilled:"+hold.ID.String()
		message.Facts.PickUpBy = broker.Date{}
	case hold.Status == holds.Placed && hold.StrandedAt.Equal(now):
		message.Kind, message.Cause = notices.NoCopy, "no_copy:"+hold.ID.String()+":"+now.UTC().Format(time.RFC3339)
	default:
		return message, false
	}
	return message, true
}

// Tell tells patrons what just became of their holds, in a few round
// trips however many there are.
func (r Room) Tell(ctx context.Context, tx *postgres.Tx, now time.Time, held []holds.Hold) error {
	held = slices.DeleteFunc(held, func(hold holds.Hold) bool { _, known := messageOfHold(hold, now); return !known })
	if len(held) == 0 {
		return nil
	}
	told, whose, titles := map[patrons.Ref]patrons.Patron{}, make([]patrons.Ref, len(held)), make([]broker.ID, len(held))
	var copies []catalog.Ref
	for i, hold := range held {
		whose[i], titles[i] = hold.Patron, hold.Title
		if hold.Item != broker.NoID {
			copies = append(copies, catalog.Ref{Library: hold.Library, ID: hold.Item})
		}
	}
	items := make(map[catalog.Ref]catalog.Item, len(copies))
	catalog.AskItems(tx, copies, items)
	patrons.AskAll(tx, whose, told)
	named, err := catalog.TitlesByID(ctx, tx, titles) // and with it who is to be told
	if err != nil {
		return err
	}
	rules, news := r.rulesAt(now), make([]notices.News, len(held))
	for i, hold := range held {
		message, _ := messageOfHold(hold, now)
		document, err := rules(ctx, tx, hold.Patron.Library, hold.Pickup)
		if err != nil {
			return err
		}
		patron, found := told[hold.Patron]
		if !found {
			return broker.NotFound("patron")
		}
		for _, channel := range telling.HoldReadyBy(document, matchOf(hold, items[catalog.Ref{Library: hold.Library, ID: hold.Item}], patron, broker.DateIn(now, document.Zone()))).Value {
			message.Channels = append(message.Channels, notices.Channel(channel))
		}
		message.Facts.Title, message.Facts.SayTitle = named[hold.Title].Title, telling.TitlesOnVoicemail(document).Value
		news[i] = notices.News{Patron: patron, Message: message}
	}
	notices.MakeAll(tx, news, now)
	return nil
}

// matchOf is what the rules are matched against for a hold and its copy; nothing
// is known of a copy where there is none.
func matchOf(hold holds.Hold, item catalog.Item, patron patrons.Patron, today broker.Date) rule.Match {
	match := patron.Match(today)
	match.Owner, match.Item, match.Audience, match.Age = rule.OwnerOwn, item.Type, item.Audience, item.AgeMark
	if hold.Library != patron.Library {
		match.Owner = rule.OwnerConsortium
	}
	return match
}

// rulesAt returns a function that finds the rules of a library's branch and
// reads each library only once.
func (r Room) rulesAt(now time.Time) func(ctx context.Context, tx *postgres.Tx, library, branch broker.ID) (*policy.Document, error) {
	libraries := map[broker.ID]directory.Library{}
	return func(ctx context.Context, tx *postgres.Tx, id, branch broker.ID) (*policy.Document, error) {
		library, found := libraries[id]
		if !found {
			var err error
			if library, err = directory.Load(ctx, tx, id); err != nil {
				return nil, err
			}
			libraries[id] = library
		}
		return r.policies.Rules(standing.Desk{Library: library, Branch: branch, Now: now})
	}
}
