package requests

import (
	"context"
	"fmt"

	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/flags"
	"afield/workflow/requests/items"
	"afield/workflow/requests/money"
	"afield/workflow/requests/people"
	"afield/workflow/requests/undo"
)

// bindEffects gives every effect of the tables its code.
func (s *Service) bindEffects() error {
	s.effects = map[workflow.Effect]func(*step, context.Context) error{
		workflow.DoSendCancel:       (*step).sendCancel,
		workflow.DoSendAccept:       saying(connectors.KindAcceptConditions),
		workflow.DoSendReject:       saying(connectors.KindRejectConditions),
		workflow.DoSendReceived:     saying(connectors.KindReceived),
		workflow.DoSendRenew:        saying(connectors.KindRenew),
		workflow.DoSendReturned:     saying(connectors.KindShippedReturn),
		workflow.DoSendLost:         saying(connectors.KindLostByBorrower),
		workflow.DoSendPaid:         saying(connectors.KindPaid),
		workflow.DoSayWillSupply:    answering(connectors.KindWillSupply),
		workflow.DoSayUnfilled:      (*step).sayUnfilled,
		workflow.DoSayConditional:   (*step).sayConditional,
		workflow.DoSayRetry:         (*step).sayRetry,
		workflow.DoSayLoaned:        (*step).sayLoaned,
		workflow.DoSayCopyCompleted: (*step).sayCopyCompleted,
		workflow.DoSayCancelYes:     answeringYes(connectors.KindCancelAnswer, true),
		workflow.DoSayCancelNo:      answeringYes(connectors.KindCancelAnswer, false),
		workflow.DoSayRenewYes:      answeringYes(connectors.KindRenewAnswer, true),
		workflow.DoSayRenewNo:       answeringYes(connectors.KindRenewAnswer, false),
		workflow.DoSayOverdue:       answering(connectors.KindOverdue),
		workflow.DoSayRecalled:      answering(connectors.KindRecalled),
		workflow.DoSayDueChanged:    (*step).sayDueChanged,
		workflow.DoSayCompleted:     answering(connectors.KindLoanCompleted),
		workflow.DoSayInvoice:       (*step).sayInvoice,
	}
	rooms := []engine.Effects{
		s.rota.Effects(), items.Effects(s.circulation), money.Effects(), flags.Effects(), people.Effects(), undo.Effects(),
	}
	for _, room := range rooms {
		for name, effect := range room {
			if s.effects[name] != nil {
				return fmt.Errorf("requests: effect %q is bound twice", name)
			}
			s.effects[name] = func(st *step, ctx context.Context) error { return st.perform(ctx, effect) }
		}
	}
	return nil
}
