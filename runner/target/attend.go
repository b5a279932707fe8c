package target

import "context"

type attended struct{}

// Attend has calls with the context wait, once it is cancelled, for how their steps end on the host, until leave is done.
func Attend(ctx, leave context.Context) context.Context {
	return context.WithValue(ctx, attended{}, leave)
}

// Attended is until when a call is to wait once its context is cancelled, nil for not at all.
func Attended(ctx context.Context) context.Context {
	leave, _ := ctx.Value(attended{}).(context.Context)
	return leave
}
