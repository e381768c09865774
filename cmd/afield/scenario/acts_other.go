package scenario

import (
	"context"
	"time"

	"afield/broker/calendar"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/postgres"
)

func otherActs() []act {
	return []act{
		{word: "look", says: "Do nothing: see how things stand at that moment.", fields: []field{
			{word: "patron", kind: nameOf("patron"), says: "Whose account."},
			{word: "item", kind: nameOf("item"), says: "Which item."},
			{word: "request", kind: nameOf("request"), says: "Which request."},
		}, run: func(*play, step) (result, error) { return result{}, nil }},
		{word: "night", says: "Do the library's nightly work: fines that grow, what is lost, the hold shelf, notices, purging. A night that was missed is caught up by the next.", fields: []field{
			{word: "patron", kind: nameOf("patron"), says: "Whose account to look at afterwards."},
			{word: "item", kind: nameOf("item"), says: "Which item to look at afterwards."},
		}, run: (*play).night},
		{word: "close", says: "Close the library for a day or more. What was due then is relieved as the policy says.", fields: []field{
			{word: "from", kind: dateKind, must: true, says: "The first day."},
			{word: "to", kind: dateKind, says: "The last day; the first when left out."},
			{word: "as", kind: oneOf("planned", "weather", "emergency"), says: "Known before; come by surprise (when left out); or decided afterwards."},
			{word: "item", kind: nameOf("item"), says: "Which item to look at afterwards."},
		}, run: (*play).closeLibrary},
		{word: "adjust_due", says: "Move what is due in some days to another date, all of it.", fields: []field{
			{word: "from", kind: dateKind, must: true, says: "The first due date that moves."},
			{word: "to", kind: dateKind, says: "The last; the first when left out."},
			{word: "new_due", kind: dateKind, must: true, says: "The date they move to."},
			{word: "item", kind: nameOf("item"), says: "Which item to look at afterwards."},
		}, run: (*play).adjustDue},
	}
}

func (p *play) night(_ step) (result, error) {
	_, err := p.nights.Run(p.ctx, p.home.ID, p.now(), time.Time{}, nil)
	return result{}, err
}

func (p *play) closeLibrary(s step) (result, error) {
	_, at := p.at(s)
	kind := directory.ClosureKind(s.text("as"))
	if kind == "" {
		kind = directory.ClosureWeather
	}
	return result{}, p.try(p.home, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := p.desk.Close(ctx, tx, at, directory.Closure{
			Library: p.home.ID, Kind: kind, By: at.Actor, PutAt: at.Now,
			Closure: calendar.Closure{From: s.date("from"), To: s.date("to"), Reason: string(kind)},
		}, false)
		if err != nil {
			return err
		}
		p.home.Library, err = directory.Load(ctx, tx, p.home.ID)
		return err
	})
}

func (p *play) adjustDue(s step) (result, error) {
	_, at := p.at(s)
	in := circulation.AdjustDueDates{
		From: s.date("from"), To: s.date("to"), NewDue: s.date("new_due"),
		Reason: s.text("reason"),
	}
	if in.To.IsZero() {
		in.To = in.From
	}
	return result{}, p.try(p.home, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := p.desk.AdjustDueDates(ctx, tx, at, in)
		return err
	})
}
