"""tousu: the classifier of complaint texts at run time.

>>> from classifier import Classifier
>>> Classifier.load().tag("小区电梯困人，物业一直不修").primary
'elevator'
"""

from tousu.classifier.model import Classifier
from tousu.classifier.tagging import Evidence, Tagging, Taggings
from tousu.errors import TousuError

__all__ = ["Classifier", "Evidence", "Tagging", "Taggings", "TousuError"]
