package notices

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
)

// PreviewAsked says which text to show, and on which facts.
type PreviewAsked struct {
	TextKey
	// Draft is a text that is not saved yet; nil shows the one in force.
	Draft *Text
	// Notice is a notice of the library to show it on; NoID takes the newest of
	// the kind, and sample facts where there is none.
	Notice broker.ID
	// Today dates sample facts.
	Today broker.Date
}

// Previewed shows how a notice would read.
type Previewed struct {
	Text
	// Template is the text it was made from.
	Template Text
	// Notice is the one whose facts it shows; NoID for sample facts.
	Notice broker.ID
}

// Preview shows a text on real data. A draft is checked first, as SaveTemplate
// does; a notice that is not the library's is not found.
func Preview(ctx context.Context, tx *postgres.Tx, library directory.Library, asked PreviewAsked) (Previewed, error) {
	texts, err := textsOfLibrary(ctx, tx, library)
	if err != nil {
		return Previewed{}, err
	}
	shown := Previewed{Template: texts.inForce(asked.TextKey)}
	if asked.Draft != nil {
		if err := CheckTemplate(asked.TextKey, *asked.Draft); err != nil {
			return Previewed{}, err
		}
		shown.Template = *asked.Draft
	}
	facts := sampleFacts(asked.Today, library.Currency)
	switch notice, err := previewOn(ctx, tx, library.ID, asked); {
	case err != nil:
		return Previewed{}, err
	case notice.ID != broker.NoID:
		shown.Notice, facts = notice.ID, notice.Facts
	}
	shown.Text, err = shown.Template.Fill(asked.TextKey, facts, library.Name)
	return shown, err
}

func previewOn(ctx context.Context, tx *postgres.Tx, library broker.ID, asked PreviewAsked) (Notice, error) {
	if asked.Notice != broker.NoID {
		return ByID(ctx, tx, library, asked.Notice)
	}
	var notice Notice
	err := scan(tx.QueryRow(ctx, `select `+columns+` from notices n where n.library_id = $1 and n.kind = $2
		order by (n.facts ? 'title') desc, n.created_at desc limit 1`, library, string(asked.Kind)), &notice)
	if errors.Is(err, pgx.ErrNoRows) {
		return Notice{}, nil
	}
	if err != nil {
		return Notice{}, fmt.Errorf("read a notice to show a text on: %w", err)
	}
	return notice, nil
}

// sampleFacts has every fact, so that every part of a text is seen.
func sampleFacts(today broker.Date, currency string) Facts {
	amount := broker.Money{Minor: 1250, Currency: currency}
	return Facts{
		Title: "Moby Dick", Number: 1234, Branch: "Main Library", PickUpBy: today.AddDays(10), DueOn: today.AddDays(21),
		AnswerBy: today.AddDays(3), Amount: &amount, Reason: "Every library that has it needs it itself.",
	}
}
