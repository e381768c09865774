// Package rest answers the REST contract of ../openapi.yaml: it joins the
// handlers of every theme with the pipeline that each call passes, the partners'
// messages, health and the documents. It holds no rule about requests or loans and
// no SQL.
//
// The packages: pipeline is what every call passes; loans, holds, catalogue,
// accounts, money, requests and administration are the handlers by theme, each
// of which decodes, calls one use case and encodes; views is what several of
// them show.
//
//	e, err := rest.New(rest.Deps{DB: db, Access: access, …})
//	err = http.ListenAndServe("127.0.0.1:8080", e)
package rest
