/*-------------------------------------------------------------------------
 *
 * partitions.h
 *	  One ordered search over all partitions of a table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_PARTITIONS_H
#define MM_PARTITIONS_H

#include "nodes/extensible.h"

/* partition_paths.c */

/*
 * mm_partitions_init: offer such searches to the planner from now on.  Call this
 * after mm_plan_init: they consist of the scans that are offered for partitions.
 */
extern void mm_partitions_init(void);

/* partition_scan.c */

/*
 * A custom scan with one plan, a MergeAppend by one column.  custom_private has two
 * numbers, which say whether the order is descending, and whether searches among the
 * merge's inputs leave the value of the order to this node.
 */
extern const CustomScanMethods mm_partition_scan_methods;

#endif							/* MM_PARTITIONS_H */
