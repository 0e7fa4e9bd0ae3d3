/*-------------------------------------------------------------------------
 *
 * alter.h
 *	  What ALTER TABLE and ALTER INDEX change, and users should know.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_ALTER_H
#define MM_ALTER_H

#include "index/columns.h"

/*
 * mm_alter_init: begin to watch.  Called once, when the library is loaded.
 *
 * mm_alter_replaces: does an index that is being built take the place of one
 * that ALTER TABLE has dropped?
 *
 * mm_alter_warn: warn if it does, and if it has another metric than that one.
 */
extern void mm_alter_init(void);
extern bool mm_alter_replaces(Relation index);
extern void mm_alter_warn(Relation index, const MMColumns *columns);

#endif							/* MM_ALTER_H */
