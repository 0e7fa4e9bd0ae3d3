/*-------------------------------------------------------------------------
 *
 * save.h
 *	  The statistics of queries in a file, from one run of the server to the next.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_SAVE_H
#define MM_SAVE_H

#include "stats/area.h"

/*
 * mm_stats_save: write the file.
 *
 * mm_stats_load: read it, and remove it.  An area that is not as large gets what
 * it has room for.
 *
 * If something goes wrong, the log has it; no error is raised.
 */
extern void mm_stats_save(MMStatsArea *area);
extern void mm_stats_load(MMStatsArea *area);

#endif							/* MM_SAVE_H */
