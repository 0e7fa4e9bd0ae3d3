/*-------------------------------------------------------------------------
 *
 * record_fanout.c
 *	  Fan-outs in the statistics of queries (stats/track.h).
 *
 * A fan-out is recorded for that index of the table which has the distances of its
 * sum.  That index has no rows here, so what was read is not known: each server
 * records that for itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "miscadmin.h"
#include "utils/rel.h"

#include "fanout/fanout.h"
#include "plan/record.h"

typedef struct MMFanoutRecording
{
	Oid			user;			/* who has begun the node */
	bool		on;				/* the scan under way is recorded */
	MMColumns  *columns;		/* NULL: not known yet */
	MMSumState *sum;
	uint8		flags;
	MMStepClock clock;
	MMSearchCall call;
	double		factors[MM_MAX_COLUMNS];
} MMFanoutRecording;

void
mm_fanout_record_init(MMFanoutState *s)
{
	if (s->plan->recorded == NULL)
		return;
	s->recording = palloc0(sizeof(MMFanoutRecording));
	s->recording->user = GetUserId();
}

void
mm_fanout_record_begin_step(MMFanoutState *s)
{
	MMFanoutRecording *r = s->recording;

	if (r == NULL)
		return;
	if (s->mode == NULL)
	{
		r->on = mm_track_wanted();
		r->clock = (MMStepClock) {0};
	}
	if (r->on)
		mm_clock_begin_step(&r->clock);
}

void
mm_fanout_record_end_step(MMFanoutState *s)
{
	if (s->recording != NULL && s->recording->on)
		mm_clock_end_step(&s->recording->clock);
}

/*
 * Make the sum over the index's columns, once for the node.  Returns false if the index
 * has just been dropped.
 */
static bool
prepare(MMFanoutState *s)
{
	MMFanoutRecording *r = s->recording;
	List	   *filters = NIL;
	ListCell   *lc;
	MemoryContext old;
	Relation	index;

	if (r->columns != NULL)
		return true;
	index = try_relation_open(s->plan->recorded->index, AccessShareLock);
	if (index == NULL)
		return false;
	old = MemoryContextSwitchTo(s->css.ss.ps.state->es_query_cxt);
	r->columns = mm_columns_open(index);
	r->sum = mm_sum_init(&s->plan->recorded->drivers[0], r->columns, &s->css);
	/* Conditions on distances are no filters. */
	foreach(lc, s->plan->conditions)
		if (!mm_mentions_distance(lfirst(lc)))
			filters = lappend(filters, lfirst(lc));
	r->flags = mm_record_flags(s->plan->recorded, filters) |
		mm_record_flags(s->plan->recorded, s->css.ss.ps.plan->qual);
	MemoryContextSwitchTo(old);
	relation_close(index, NoLock);
	return true;
}

static struct varlena *
query_object(void *state)
{
	MMFanoutState *s = state;

	return mm_record_object(&(MMRecorded) {s->plan->recorded, &s->recording->sum,
			s->recording->columns});
}

void
mm_fanout_record_begin(MMFanoutState *s)
{
	MMFanoutRecording *r = s->recording;
	MMSearchCall *call;

	if (r == NULL || !r->on)
		return;
	r->on = prepare(s);
	if (!r->on)
		return;
	call = &r->call;
	memset(call, 0, sizeof(MMSearchCall));
	call->user = r->user;
	call->index = s->plan->recorded->index;
	call->ncolumns = r->columns->n;
	call->object = query_object;
	call->object_state = s;
	call->class.by = MM_BY_FANOUT;
	call->class.flags = r->flags;
	mm_sum_begin(r->sum, s->css.ss.ps.ps_ExprContext);
	mm_record_class(&(MMRecorded) {s->plan->recorded, &r->sum, r->columns}, s->k, call, r->factors);
}

void
mm_fanout_record_row(MMFanoutState *s)
{
	if (s->recording != NULL)
		s->recording->call.work.rows++;
}

void
mm_fanout_record_end(MMFanoutState *s)
{
	MMFanoutRecording *r = s->recording;

	if (r == NULL || !r->on)
		return;
	r->call.milliseconds = mm_clock_milliseconds(&r->clock);
	mm_track_search(&r->call);
	r->on = false;
}
