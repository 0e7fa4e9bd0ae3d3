/*-------------------------------------------------------------------------
 *
 * late.h
 *	  What a node makes ready only when it is needed.
 *
 * The executor looks at the privileges for functions when it makes an expression ready,
 * and usually does so when a query begins.  Where we do it later, as somebody fetches
 * from a cursor, the role may be another one; a function that belongs to its owner may
 * have opened the cursor, for instance.  What counts is who has begun the query.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_LATE_H
#define MM_LATE_H

#include "miscadmin.h"
#include "nodes/execnodes.h"

typedef struct MMLate
{
	MemoryContext context;		/* what was current before */
	Oid			user;
	int			security;
} MMLate;

/*
 * mm_late_begin: make expressions of a node ready, for the user who has begun it, in
 * the memory of the query.
 *
 * mm_late_end: that is done.  After an error, the end of the (sub)transaction brings
 * the user back.
 */
static inline MMLate
mm_late_begin(const PlanState *node, Oid user)
{
	MMLate		late;

	late.context = MemoryContextSwitchTo(node->state->es_query_cxt);
	GetUserIdAndSecContext(&late.user, &late.security);
	SetUserIdAndSecContext(user, late.security | SECURITY_LOCAL_USERID_CHANGE);
	return late;
}

static inline void
mm_late_end(const MMLate *late)
{
	SetUserIdAndSecContext(late->user, late->security);
	MemoryContextSwitchTo(late->context);
}

#endif							/* MM_LATE_H */
