//! Images and volumes: readers with stated limits, slices, the phantom.
