package signin

import (
	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

type invitationPage struct {
	Token   string
	Trouble *frame.Trouble
	Today   broker.Date
}

// invitation is where somebody who was invited chooses a password.
func (s SignIn) invitation(v *frame.Visit) error {
	return v.Show("invitation", frame.Head{Title: v.Say("Choose a password"), Plain: true, Class: "sign-in"}, invitationPage{Today: v.Today})
}

func (s SignIn) accept(v *frame.Visit) error {
	page := invitationPage{Token: v.Field("token"), Today: v.Today}
	err := error(broker.Invalid(broker.FieldError{Pointer: "/again", Code: "not_the_same", Message: v.Say("must be the same as above")}))
	if v.FormValue("password") == v.FormValue("again") {
		var accepted gen.AcceptInvitation201JSONResponse
		accepted, err = frame.Ask[gen.AcceptInvitation201JSONResponse](v, "acceptInvitation", s.Deps.Operations.AcceptInvitation,
			gen.AcceptInvitationRequestObject{Body: &gen.AcceptInvitation{Token: page.Token, Password: v.FormValue("password")}})
		if err == nil {
			s.keep(v, "afield_library", accepted.Library.Symbol)
			return v.Done("/staff/sign-in", v.Say("The password is chosen. Sign in as {name} now.", "name", accepted.Username))
		}
	}
	return v.Refused(err, func(trouble *frame.Trouble) error {
		page.Trouble = trouble
		return v.ShowWith(trouble, "invitation", frame.Head{Title: v.Say("Choose a password"), Plain: true, Class: "sign-in"}, page)
	})
}
