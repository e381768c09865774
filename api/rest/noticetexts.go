package rest

import (
	"context"
	"net/http"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/directory"
	"afield/broker/notices"
	"afield/broker/postgres"
)

func templateView(template notices.Template, own bool) gen.NoticeTemplate {
	return gen.NoticeTemplate{
		Kind: string(template.Kind), Stage: template.Stage, Channel: string(template.Channel), Language: template.Language,
		Subject: template.Subject, Body: template.Body, Own: own, ChangedAt: utc(template.ChangedAt),
	}
}

// ListNoticeTemplates lists the library's own texts.
func (s *Server) ListNoticeTemplates(ctx context.Context, _ gen.ListNoticeTemplatesRequestObject) (gen.ListNoticeTemplatesResponseObject, error) {
	list := gen.NoticeTemplateList{Templates: []gen.NoticeTemplate{}, Languages: notices.Languages()}
	_, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		templates, err := notices.Templates(ctx, tx, callOf(ctx).library())
		for _, template := range templates {
			list.Templates = append(list.Templates, templateView(template, true))
		}
		return made{}, err
	})
	if err != nil {
		return nil, err
	}
	return gen.ListNoticeTemplates200JSONResponse(list), nil
}

// GetNoticeTemplate gives the text of a notice as a template.
func (s *Server) GetNoticeTemplate(ctx context.Context, request gen.GetNoticeTemplateRequestObject) (gen.GetNoticeTemplateResponseObject, error) {
	view, err := s.template(ctx, notices.TextKey{
		Kind: notices.Kind(request.Kind), Stage: request.Params.Stage, Channel: notices.Channel(request.Channel), Language: request.Language,
	})
	if err != nil {
		return nil, err
	}
	return gen.GetNoticeTemplate200JSONResponse(view), nil
}

func (s *Server) template(ctx context.Context, key notices.TextKey) (gen.NoticeTemplate, error) {
	return read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.NoticeTemplate, error) {
		template, own, err := notices.InForce(ctx, tx, callOf(ctx).library(), key)
		return templateView(template, own), err
	})
}

// SaveNoticeTemplate has a text of the library's own take the place of the one
// built in.
func (s *Server) SaveNoticeTemplate(ctx context.Context, request gen.SaveNoticeTemplateRequestObject) (gen.SaveNoticeTemplateResponseObject, error) {
	this := callOf(ctx)
	key := notices.TextKey{
		Kind: notices.Kind(request.Kind), Stage: request.Params.Stage, Channel: notices.Channel(request.Channel), Language: request.Language,
	}
	_, err := read(ctx, s, func(_ context.Context, tx *postgres.Tx) (made, error) {
		text := notices.Text{Subject: request.Body.Subject, Body: request.Body.Body}
		return made{}, notices.SaveTemplate(tx, this.library(), key, text, this.principal.Actor(), s.Clock.Now())
	})
	if err != nil {
		return nil, err
	}
	view, err := s.template(ctx, key)
	if err != nil {
		return nil, err
	}
	return gen.SaveNoticeTemplate200JSONResponse(view), nil
}

// DropNoticeTemplate goes back to the text built in.
func (s *Server) DropNoticeTemplate(ctx context.Context, request gen.DropNoticeTemplateRequestObject) (gen.DropNoticeTemplateResponseObject, error) {
	_, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		return made{}, notices.DropTemplate(ctx, tx, callOf(ctx).library(), notices.TextKey{
			Kind: notices.Kind(request.Kind), Stage: request.Params.Stage, Channel: notices.Channel(request.Channel), Language: request.Language,
		})
	})
	if err != nil {
		return nil, err
	}
	return gen.DropNoticeTemplate204Response{}, nil
}

// PreviewNotice shows how a notice would read; it changes nothing.
func (s *Server) PreviewNotice(ctx context.Context, request gen.PreviewNoticeRequestObject) (gen.PreviewNoticeResponseObject, error) {
	in := request.Body
	asked := notices.PreviewAsked{
		TextKey: notices.TextKey{Kind: notices.Kind(in.Kind), Stage: in.Stage, Channel: notices.Channel(in.Channel), Language: in.Language},
		Notice:  in.NoticeID,
	}
	if in.Draft != (gen.NoticeText{}) {
		asked.Draft = &notices.Text{Subject: in.Draft.Subject, Body: in.Draft.Body}
	}
	shown, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (notices.Previewed, error) {
		library, err := directory.Load(ctx, tx, callOf(ctx).library())
		if err != nil {
			return notices.Previewed{}, err
		}
		asked.Today = library.Today(s.Clock.Now())
		return notices.Preview(ctx, tx, library, asked)
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
func (s *Server) ListLetters(ctx context.Context, request gen.ListLettersRequestObject) (gen.ListLettersResponseObject, error) {
	list := gen.LetterList{Letters: []gen.Letter{}}
	_, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		library, err := directory.Load(ctx, tx, callOf(ctx).library())
		if err != nil {
			return made{}, err
		}
		var pages []notices.LetterPage
		if again := request.Params.Again; len(again) > 0 {
			pages, err = notices.Reprint(ctx, tx, library, again, s.Clock.Now())
		} else {
			pages, err = notices.LettersToPrint(ctx, tx, library, s.Clock.Now())
		}
		for _, page := range pages {
			list.Letters = append(list.Letters, letterView(page))
		}
		return made{}, err
	})
	if err != nil {
		return nil, err
	}
	return gen.ListLetters200JSONResponse(list), nil
}

func letterView(page notices.LetterPage) gen.Letter {
	return gen.Letter{
		Notices: page.Notices, PatronID: page.Patron, Sender: page.Sender, Window: page.Window, Addressed: page.Addressed(),
		Date: page.Date, DateSaid: page.DateSaid, Language: page.Language, Subject: page.Subject, Body: page.Body,
		Plain: page.Plain(), PrintedAt: utc(page.PrintedAt),
	}
}

// MarkLettersPrinted notes that letters were printed and posted.
func (s *Server) MarkLettersPrinted(ctx context.Context, request gen.MarkLettersPrintedRequestObject) (gen.MarkLettersPrintedResponseObject, error) {
	this := callOf(ctx)
	view, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (gen.LettersMarked, error) {
		marked, err := notices.MarkPrinted(ctx, tx, this.library(), append([]broker.ID{}, request.Body.Notices...), this.principal.Actor(), s.Clock.Now())
		return gen.LettersMarked{Marked: marked}, err
	})
	if err != nil {
		return nil, err
	}
	return gen.MarkLettersPrinted200JSONResponse(view), nil
}
