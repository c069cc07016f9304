"""The corpus of bad data: every damage that has to be noticed.

A kind of data with damages of its own (sequences, series) is a module with a list, and
a line here.
"""

from data_gate.file_damages import FILE_DAMAGES
from data_gate.image_damages import IMAGE_DAMAGES
from data_gate.small_table_damages import SMALL_TABLE_DAMAGES
from data_gate.table_damages import TABLE_DAMAGES

CORPUS = [*FILE_DAMAGES, *TABLE_DAMAGES, *SMALL_TABLE_DAMAGES, *IMAGE_DAMAGES]
