"""Letters (告知文书): a case's facts and a Word template in, a letter to sign out. Nothing is sent."""
