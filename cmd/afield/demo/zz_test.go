package demo

import ("testing";"time";"afield/broker/postgres/pgtest";"afield/broker/postgres";"io";"context";"fmt";"afield/broker")

func TestZZ(t *testing.T) {
	ctx := t.Context()
	config := Config{DB: pgtest.New(t), Secret: secret, Exit: true, Out: io.Discard, Version: "test"}
	today := broker.DateIn(broker.SystemClock{}.Now(), time.UTC)
	clock := NewClock(beginning(today).Start(time.UTC))
	r, err := start(ctx, config, clock)
	if err != nil { t.Fatal(err) }
	defer r.close()
	r.stage.today, r.stage.monday = today, firstMonday(today)
	te := &teller{stage: r.stage, ctx: ctx}
	r.stage.quiet(ctx)
	for i, k := range []string{"crossed", "meanwhile", "condition","lies"} {
	p := te.patron("westport", i+1)
	b := time.Now(); q, err := p.submit(bookOf(k), p); t.Log("submit ill", time.Since(b), err)
	b = time.Now(); te.stage.settle(ctx); t.Log("settle", time.Since(b))
	b = time.Now(); te.stage.partners.settle(ctx); t.Log("partners", time.Since(b))
	b = time.Now(); te.stage.settle(ctx); t.Log("settle", time.Since(b))
	q.look(); t.Log(q.State)
	}
	config.DB.InTx(ctx, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		rows, err := tx.Query(ctx, `select kind, queue, created_at, attempted_at - created_at, finalized_at - attempted_at, attempt from river_job order by id`)
		if err != nil { fmt.Println(err); return nil }
		for rows.Next() { var k, q string; var c time.Time; var a, f *time.Duration; var n int; if err := rows.Scan(&k, &q, &c, &a, &f, &n); err != nil { fmt.Println(err) }; if a!=nil && f!=nil {t.Log(k, q[:5], c.Format("05.000"), *a, *f, n) } else { t.Log(k,q,c,n)} }
		return nil
	})
}
