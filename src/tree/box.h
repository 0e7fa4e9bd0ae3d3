/*-------------------------------------------------------------------------
 *
 * box.h
 *	  Bounding boxes of the entries below a node.
 *
 * A box has the form of an inner entry.  Its word 0 may be anything.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_BOX_H
#define MM_BOX_H

#include "model/model.h"

/* A length along one coordinate counts for no more than this, in units. */
#define MM_BOX_MOST_LENGTH	1e6f

/*
 * mm_box_of_entry: make the box of one leaf entry.
 *
 * mm_box_clear: make the box of no entries.
 *
 * mm_box_add: extend a box by another.  Returns true if it grew.
 *
 * mm_box_covers: would mm_box_add leave box as it is?
 *
 * mm_box_of_page: make the box of all entries of a node.  child becomes its
 * word 0.
 *
 * mm_box_margin: the sum of a box's side lengths, in units.  Having both NULLs
 * and values in a column counts as one unit.
 */
extern void mm_box_of_entry(const MMModel *model, const uint32 *entry, MMEntry box);
extern void mm_box_clear(const MMModel *model, MMEntry box);
extern bool mm_box_add(const MMModel *model, MMEntry box, const uint32 *other);
extern bool mm_box_covers(const MMModel *model, const uint32 *box, const uint32 *other);
extern void mm_box_of_page(const MMModel *model, Page page, BlockNumber child,
						   MMEntry box);
extern float mm_box_margin(const MMModel *model, const uint32 *box);

#endif							/* MM_BOX_H */
