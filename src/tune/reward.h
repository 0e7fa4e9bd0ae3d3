/*-------------------------------------------------------------------------
 *
 * reward.h
 *	  The rewards of OneDB's tuning.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_REWARD_H
#define MM_REWARD_H

typedef enum MMReward
{
	MM_REWARD_EXPONENTIAL,
	MM_REWARD_LOGARITHMIC,
	MM_REWARD_PENALTY,
} MMReward;

/*
 * mm_reward: the reward for a configuration: since is how much less it costs than the
 * defaults, as a fraction, and before how much less than the one before it.
 */
extern double mm_reward(MMReward reward, double since, double before);

#endif							/* MM_REWARD_H */
