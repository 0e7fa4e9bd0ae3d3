/*-------------------------------------------------------------------------
 *
 * waves.c
 *	  Searches whose rows are all fetched before the first is returned.
 *
 * If k rows are wanted, the nearest server is asked first, for k rows.  The k-th
 * value, u, bounds what can be among the k nearest of all.  So in the second wave
 * every server whose bound is at most u is asked for the k nearest of its rows
 * whose value is at most u, all in parallel.  At most k rows come from a server.
 *
 * There is one wave where bounds do not tell servers apart; and where NULLs come
 * first, because a bound on values would keep them out.
 *
 * Rows that are as far as the k-th are kept (the comparisons are <=), so it does not
 * matter which server is asked first, except among rows that are equal.
 *
 * A radius bounds which servers are asked, in one wave.  If one of them has more
 * rows than are to be kept in memory, all is fetched again in batches.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/float.h"

#include "fanout/fanout.h"

/* Rows within a radius that a server may send at once. */
#define MOST_AT_ONCE	1000

/*
 * Ask the servers whose bound is at most u, from the first-th on, by bound.  u is
 * Infinity for all of them.
 */
static void
ask_wave(MMFanoutState *s, int first, int count, int64 limit, double u)
{
	MMFanoutServer **wave = palloc(sizeof(MMFanoutServer *) * s->nservers);
	bool		bounded = !isinf(u) && s->plan->key != NULL;
	int			n = 0;

	if (bounded)
	{
		StringInfoData bytes;
		/* Another server's distances might have been rounded otherwise. */
		double		most = s->plan->descending ? nextafter(-u, -get_float8_infinity()) :
			nextafter(u, get_float8_infinity());

		pq_begintypsend(&bytes);
		pq_sendfloat8(&bytes, most);
		s->param_values[s->nparams] = VARDATA(pq_endtypsend(&bytes));
		s->param_lengths[s->nparams] = sizeof(float8);
		s->param_formats[s->nparams] = 1;
	}
	for (int i = first; i < first + count; i++)
	{
		MMFanoutServer *server = s->by_bound[i];

		/* Bounds ascend. */
		if (server->bound > u)
			break;
		server->call.sql = mm_fanout_text(s, server, limit, bounded);
		server->call.nparams = s->nparams + bounded;
		server->call.values = s->param_values;
		server->call.lengths = s->param_lengths;
		server->call.formats = s->param_formats;
		server->call.prepare = true;
		server->wave = s->wave + 1;
		wave[n++] = server;
	}
	if (n == 0)
		return;
	s->wave++;
	s->waves++;
	if (mm_fanout_is_counted(s))
		mm_fanout_ask_counted(s, wave, n, false);
	else
		mm_fanout_ask(s, wave, n, false);
}

/*
 * The k-th value that the first server has sent, or Infinity if it has not sent as
 * many.
 */
static double
kth_value(MMFanoutState *s, MMFanoutServer *server)
{
	MMFanoutServer last = *server;

	if (last.call.nrows < s->k)
		return s->radius;
	last.row = (int) s->k - 1;
	mm_fanout_key(s, &last);
	if (last.isnull || isnan(last.value))
		return s->radius;
	return Min(s->plan->descending ? -last.value : last.value, s->radius);
}

static void
begin_waves(MMFanoutState *s)
{
	int64		limit = s->k > 0 ? s->k : MOST_AT_ONCE;
	bool		two_waves = s->k > 0 && !s->plan->nulls_first && s->nservers > 1 &&
		s->by_bound[0]->bound < s->by_bound[s->nservers - 1]->bound;

	if (two_waves && s->by_bound[0]->bound <= s->radius)
	{
		ask_wave(s, 0, 1, limit, get_float8_infinity());
		ask_wave(s, 1, s->nservers - 1, limit, kth_value(s, s->by_bound[0]));
	}
	else if (!two_waves)
	{
		int			n = 0;

		/* The conditions that are sent say what the radius is. */
		while (n < s->nservers && s->by_bound[n]->bound <= s->radius)
			n++;
		ask_wave(s, 0, n, limit, get_float8_infinity());
	}
	if (s->k > 0)
		return;
	for (int i = 0; i < s->nservers; i++)
		if (s->servers[i].call.nrows >= limit)
		{
			/* Begin again. */
			mm_fanout_forget(s);
			s->mode = &mm_fanout_batches;
			s->mode->begin(s);
			return;
		}
}

static TupleTableSlot *
next_row(MMFanoutState *s)
{
	MMFanoutServer *server;

	if (s->k > 0 && s->returned >= s->k)
		return ExecClearTuple(s->css.ss.ss_ScanTupleSlot);
	server = mm_fanout_next(s);
	if (server == NULL)
		return ExecClearTuple(s->css.ss.ss_ScanTupleSlot);
	s->returned++;
	return mm_fanout_take(s, server);
}

static void
end_waves(MMFanoutState *s)
{
}

const MMFanoutMode mm_fanout_waves = {
	.name = "waves",
	.begin = begin_waves,
	.next = next_row,
	.end = end_waves,
};
