/*-------------------------------------------------------------------------
 *
 * found.h
 *	  What the last tuning of the session has found.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_FOUND_H
#define MM_FOUND_H

#include "access/htup.h"

/*
 * mm_found_forget: a new tuning begins.
 * mm_found_keep: keep a copy of a row of its result.
 */
extern void mm_found_forget(void);
extern void mm_found_keep(HeapTuple tuple);

#endif							/* MM_FOUND_H */
