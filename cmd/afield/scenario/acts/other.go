package acts

import (
	"context"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/directory"
	"afield/broker/loans"
	"afield/broker/postgres"
	"afield/cmd/afield/scenario/language"
	"afield/cmd/afield/scenario/stage"
)

func otherActs() []act {
	return []act{
		{word: "look", says: "Do nothing: see how things stand at that moment.", fields: []language.Field{
			{Word: "patron", Kind: language.NameOf("patron"), Says: "Whose account."},
			{Word: "item", Kind: language.NameOf("item"), Says: "Which item."},
			{Word: "request", Kind: language.NameOf("request"), Says: "Which request."},
		}, run: func(*stage.Play, language.Step) (stage.Result, error) { return stage.Result{}, nil }},
		{word: "night", says: "Do the library's nightly work: fines that grow, what is lost, the hold shelf, notices, purging. A night that was missed is caught up by the next.", fields: []language.Field{
			{Word: "patron", Kind: language.NameOf("patron"), Says: "Whose account to look at afterwards."},
			{Word: "item", Kind: language.NameOf("item"), Says: "Which item to look at afterwards."},
		}, run: night},
		{word: "close", says: "Close the library for a day or more. What was due then is relieved as the policy says.", fields: []language.Field{
			{Word: "from", Kind: language.Date, Must: true, Says: "The first day."},
			{Word: "to", Kind: language.Date, Says: "The last day; the first when left out."},
			{Word: "as", Kind: language.OneOf("planned", "weather", "emergency"), Says: "Known before; come by surprise (when left out); or decided afterwards."},
			{Word: "item", Kind: language.NameOf("item"), Says: "Which item to look at afterwards."},
		}, run: closeLibrary},
		{word: "reopen", says: "Take a closing back: the library is open after all, from that day on.", fields: []language.Field{
			{Word: "from", Kind: language.Date, Must: true, Says: "The first day of the closing."},
			{Word: "item", Kind: language.NameOf("item"), Says: "Which item to look at afterwards."},
		}, run: reopen},
		{word: "adjust_due", says: "Move what is due in some days to another date, all of it.", fields: []language.Field{
			{Word: "from", Kind: language.Date, Must: true, Says: "The first due date that moves."},
			{Word: "to", Kind: language.Date, Says: "The last; the first when left out."},
			{Word: "new_due", Kind: language.Date, Must: true, Says: "The date they move to."},
			{Word: "item", Kind: language.NameOf("item"), Says: "Which item to look at afterwards."},
		}, run: adjustDue},
	}
}

func night(p *stage.Play, _ language.Step) (stage.Result, error) {
	_, err := p.Nights.Run(p.Ctx, p.Home.ID, p.Now(), time.Time{}, nil)
	return stage.Result{}, err
}

func closeLibrary(p *stage.Play, s language.Step) (stage.Result, error) {
	_, at := p.At(s)
	kind := directory.ClosureKind(s.Text("as"))
	if kind == "" {
		kind = directory.ClosureWeather
	}
	return stage.Result{}, p.Try(p.Home, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := p.Desk.Closures.Close(ctx, tx, at, directory.Closure{
			Library: p.Home.ID, Kind: kind, By: at.Actor, PutAt: at.Now,
			Closure: calendar.Closure{From: s.Date("from"), To: s.Date("to"), Reason: string(kind)},
		})
		if err != nil {
			return err
		}
		p.Home.Library, err = directory.Load(ctx, tx, p.Home.ID)
		return err
	})
}

func reopen(p *stage.Play, s language.Step) (stage.Result, error) {
	_, at := p.At(s)
	from := s.Date("from")
	return stage.Result{}, p.Try(p.Home, func(ctx context.Context, tx *postgres.Tx) error {
		closures, err := directory.Closures(ctx, tx, p.Home.ID, from, from)
		if err != nil {
			return err
		}
		for _, closure := range closures {
			if closure.From != from || !closure.CancelledAt.IsZero() {
				continue
			}
			if _, err := p.Desk.Closures.Reopen(ctx, tx, at, closure.ID); err != nil {
				return err
			}
			p.Home.Library, err = directory.Load(ctx, tx, p.Home.ID)
			return err
		}
		return broker.NotFound("closing that begins on " + from.String())
	})
}

func adjustDue(p *stage.Play, s language.Step) (stage.Result, error) {
	_, at := p.At(s)
	in := loans.AdjustDueDates{
		From: s.Date("from"), To: s.Date("to"), NewDue: s.Date("new_due"),
		Reason: s.Text("reason"),
	}
	if in.To.IsZero() {
		in.To = in.From
	}
	return stage.Result{}, p.Try(p.Home, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := p.Desk.Closures.AdjustDueDates(ctx, tx, at, in)
		return err
	})
}
