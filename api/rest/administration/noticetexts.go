package administration

import (
	"context"
	"net/http"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/notices"
)

func templateView(template notices.Template, own bool) gen.NoticeTemplate {
	return gen.NoticeTemplate{
		Kind: string(template.Kind), Stage: template.Stage, Channel: string(template.Channel), Language: template.Language,
		Subject: template.Subject, Body: template.Body, Own: own, ChangedAt: views.UTC(template.ChangedAt),
	}
}

// ListNoticeTemplates lists the library's own texts.
func (a Administration) ListNoticeTemplates(ctx context.Context, _ gen.ListNoticeTemplatesRequestObject) (gen.ListNoticeTemplatesResponseObject, error) {
	list, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.NoticeTemplateList, error) {
		list := gen.NoticeTemplateList{Templates: []gen.NoticeTemplate{}, Languages: notices.Languages()}
		templates, err := notices.Templates(ctx, t.Tx, t.Library())
		for _, template := range templates {
			list.Templates = append(list.Templates, templateView(template, true))
		}
		return list, err
	})
	return gen.ListNoticeTemplates200JSONResponse(list), err
}

// GetNoticeTemplate gives the text of a notice as a template.
func (a Administration) GetNoticeTemplate(ctx context.Context, request gen.GetNoticeTemplateRequestObject) (gen.GetNoticeTemplateResponseObject, error) {
	view, err := pipeline.Show(ctx, a.Base, notices.TextKey{
		Kind: notices.Kind(request.Kind), Stage: request.Params.Stage, Channel: notices.Channel(request.Channel), Language: request.Language,
	}, template)
	return gen.GetNoticeTemplate200JSONResponse(view), err
}

func template(ctx context.Context, t *pipeline.Turn, key notices.TextKey) (gen.NoticeTemplate, error) {
	found, own, err := notices.InForce(ctx, t.Tx, t.Library(), key)
	return templateView(found, own), err
}

// SaveNoticeTemplate puts a text of the library's own in place of the built-in
// one.
func (a Administration) SaveNoticeTemplate(ctx context.Context, request gen.SaveNoticeTemplateRequestObject) (gen.SaveNoticeTemplateResponseObject, error) {
	key := notices.TextKey{
		Kind: notices.Kind(request.Kind), Stage: request.Params.Stage, Channel: notices.Channel(request.Channel), Language: request.Language,
	}
	view, err := pipeline.Act(ctx, a.Base, http.StatusOK, func(_ context.Context, t *pipeline.Turn) (notices.TextKey, error) {
		text := notices.Text{Subject: request.Body.Subject, Body: request.Body.Body}
		return key, notices.SaveTemplate(t.Tx, t.Library(), key, text, t.Caller.Actor(), t.Now())
	}, template)
	return gen.SaveNoticeTemplate200JSONResponse(view), err
}

// DropNoticeTemplate goes back to the built-in text.
func (a Administration) DropNoticeTemplate(ctx context.Context, request gen.DropNoticeTemplateRequestObject) (gen.DropNoticeTemplateResponseObject, error) {
	_, err := pipeline.Once(ctx, a.Base, http.StatusNoContent, func(ctx context.Context, t *pipeline.Turn) (pipeline.Made, error) {
		return pipeline.Made{}, notices.DropTemplate(ctx, t.Tx, t.Library(), notices.TextKey{
			Kind: notices.Kind(request.Kind), Stage: request.Params.Stage, Channel: notices.Channel(request.Channel), Language: request.Language,
		})
	})
	return gen.DropNoticeTemplate204Response{}, err
}

// PreviewNotice shows how a notice would read; it changes nothing.
func (a Administration) PreviewNotice(ctx context.Context, request gen.PreviewNoticeRequestObject) (gen.PreviewNoticeResponseObject, error) {
	in := request.Body
	asked := notices.PreviewAsked{
		TextKey: notices.TextKey{Kind: notices.Kind(in.Kind), Stage: in.Stage, Channel: notices.Channel(in.Channel), Language: in.Language},
		Notice:  in.NoticeID,
	}
	if in.Draft != (gen.NoticeText{}) {
		asked.Draft = &notices.Text{Subject: in.Draft.Subject, Body: in.Draft.Body}
	}
	shown, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (notices.Previewed, error) {
		library, err := t.Home(ctx)
		if err != nil {
			return notices.Previewed{}, err
		}
		asked.Today = library.Today(t.Now())
		return notices.Preview(ctx, t.Tx, library, asked)
	})
	if err != nil {
		return nil, err
	}
	return gen.PreviewNotice200JSONResponse(gen.NoticePreview{
		Subject: shown.Subject, Body: shown.Body, NoticeID: shown.Notice,
		Template: gen.NoticeText{Subject: shown.Template.Subject, Body: shown.Template.Body},
	}), nil
}

// ListLetters gives the letters to print, or those printed before.
func (a Administration) ListLetters(ctx context.Context, request gen.ListLettersRequestObject) (gen.ListLettersResponseObject, error) {
	list, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.LetterList, error) {
		list := gen.LetterList{Letters: []gen.Letter{}}
		library, err := t.Home(ctx)
		if err != nil {
			return list, err
		}
		var pages []notices.LetterPage
		if again := request.Params.Again; len(again) > 0 {
			pages, err = notices.Reprint(ctx, t.Tx, library, again, t.Now())
		} else {
			pages, err = notices.LettersToPrint(ctx, t.Tx, library, t.Now())
		}
		for _, page := range pages {
			list.Letters = append(list.Letters, letterView(page))
		}
		return list, err
	})
	return gen.ListLetters200JSONResponse(list), err
}

func letterView(page notices.LetterPage) gen.Letter {
	return gen.Letter{
		Notices: page.Notices, PatronID: page.Patron, Sender: page.Sender, Window: page.Window, Addressed: page.Addressed(),
		Date: page.Date, DateSaid: page.DateSaid, Language: page.Language, Subject: page.Subject, Body: page.Body,
		Plain: page.Plain(), PrintedAt: views.UTC(page.PrintedAt),
	}
}

// MarkLettersPrinted notes that letters were printed and posted.
func (a Administration) MarkLettersPrinted(ctx context.Context, request gen.MarkLettersPrintedRequestObject) (gen.MarkLettersPrintedResponseObject, error) {
	view, err := pipeline.Once(ctx, a.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (gen.LettersMarked, error) {
		marked, err := notices.MarkPrinted(ctx, t.Tx, t.Library(), append([]broker.ID{}, request.Body.Notices...), t.Caller.Actor(), t.Now())
		return gen.LettersMarked{Marked: marked}, err
	})
	return gen.MarkLettersPrinted200JSONResponse(view), err
}
