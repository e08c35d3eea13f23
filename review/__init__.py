"""What people decide: proposals, items, policy, decisions, receipts, audit."""
