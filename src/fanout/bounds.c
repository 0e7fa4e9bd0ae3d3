/*-------------------------------------------------------------------------
 *
 * bounds.c
 *	  What the values of the order are at least, on each server.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/float.h"

#include "fanout/fanout.h"

void
mm_fanout_bounds_init(MMFanoutState *s)
{
}

void
mm_fanout_bounds_begin(MMFanoutState *s)
{
	for (int i = 0; i < s->nservers; i++)
		s->servers[i].bound = -get_float8_infinity();
}
