/*-------------------------------------------------------------------------
 *
 * guard.h
 *	  Refuses changes of single rows of a distributed table that postgres_fdw
 *	  cannot make.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_GUARD_H
#define MM_GUARD_H

/*
 * mm_guard_init: install the check.  Called once, when the library is loaded.
 */
extern void mm_guard_init(void);

#endif							/* MM_GUARD_H */
